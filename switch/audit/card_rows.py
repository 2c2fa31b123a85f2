"""What happened to cards, and suspicions, as rows: not yet believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class CardEventRow:
    """A change of a card as it stands, and its person's row when it was read."""

    bucket: int
    member_id: str
    version: int
    change: str
    channel: str
    status: str
    lock: str | None
    locked_since: date | None
    locked_until: date | None
    identifier: str
    card: Mapping[str, Any] | None
    replaced: str | None
    standings: list[Any]
    act: Mapping[str, Any]
    last: bool
    """Whether it is the last of its person's."""
    now: Mapping[str, Any] | None
    """The member row: status, lock's days, identifier, standings; None: it is not there."""
    registered: Mapping[str, Any] | None
    """The card that the registry holds under `identifier`."""

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"card event {self.member_id}/{self.version}"

    @property
    def request(self) -> str:
        """Return the request that it names."""
        return str(self.act.get("request_id"))

    def written(self) -> dict[str, Any]:
        """Return it as the request that wrote it must have."""
        return {
            "bucket": self.bucket, "member_id": self.member_id, "version": self.version,
            "change": self.change, "channel": self.channel, "status": self.status,
            "lock": self.lock, "locked_since": _iso(self.locked_since),
            "locked_until": _iso(self.locked_until), "identifier": self.identifier,
            "card": self.card, "replaced": self.replaced, "standings": self.standings,
            "act": self.act,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SuspicionRow:
    """A suspicion as it stands."""

    bucket: int
    member_id: str
    version: int
    identifier: str
    method: str
    use: Mapping[str, Any]
    stored_atc: int
    earlier: Mapping[str, Any] | None
    locked: bool

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"suspicion {self.member_id}/{self.version}"

    @property
    def request(self) -> str:
        """Return the request that showed it."""
        return str(self.use.get("request_id"))

    def written(self) -> dict[str, Any]:
        """Return it as the request that wrote it must have."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class VoucherUseRow:
    """A token that has settled, as it stands."""

    bucket: int
    member_id: str
    nonce: str
    version: int
    request_id: str

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"voucher of {self.request_id}"

    def written(self) -> dict[str, Any]:
        """Return it as the request that wrote it must have."""
        return {name: getattr(self, name) for name in self.__slots__}


def _iso(on: date | None) -> str | None:
    return None if on is None else on.isoformat()
