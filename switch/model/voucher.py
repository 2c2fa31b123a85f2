"""E-vouchers: whose signatures are trusted, and which tokens have settled."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final

from switch.model.ids import MemberId, RequestId

PUBLIC_KEY_BYTES: Final = 64
"""x and y, 32 bytes each."""


class Algorithm(IntEnum):
    """How an issuer signs: it is registered with its key, never the message's to say."""

    SM2 = 1
    P256 = 2


@dataclass(frozen=True, slots=True)
class VoucherIssuer:
    """An issuer whose tokens are taken between two days. `public_key`: x ‖ y of `algorithm`."""

    issuer: str
    algorithm: int
    public_key: bytes
    since: date
    until: date | None

    def covers(self, on: date) -> bool:
        """Say whether its tokens are taken on a day."""
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class VoucherUse:
    """A token that has settled: never again. It made a version of its person, with the journal."""

    member_id: MemberId
    version: int
    nonce: bytes
    request_id: RequestId
