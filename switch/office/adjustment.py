"""The content of `adjust-settlements`: settlements of the past, each as it should have been.

Each item says who pays what before and after, for the checker to read; and, to the byte, the claim
and the person that the correction was decided on, so that what is approved is what is posted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from switch.model.ids import (
    OFFICE,
    MemberId,
    RequestId,
    SettlementId,
    parse_member_id,
    parse_request_id,
    parse_settlement_id,
)
from switch.office.canonical import Content
from switch.office.officer import require_keys

ITEMS_MAX: Final = 200
"""Settlements of one change: whoever checks it reads them all, and one batch posts them."""
_AMOUNTS: Final = frozenset({"total", "hospital", "current", "earlier", "relative", "cash"})
_KEYS: Final = (
    "request_id", "settlement", "original", "standing", "member", "version", "causes", "before",
    "after", "body", "snapshot", "rule_book",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One settlement. `original`: its request; `standing`: the journal by which it stands.

    `version`: the person's, when it was proposed. `before`, `after`: payer → fen, "total" too.
    `body`, `snapshot`: the corrected claim and person, as base64 of bytes and as text.
    """

    request_id: RequestId
    settlement: SettlementId
    original: RequestId
    standing: SettlementId
    member: MemberId
    version: int
    causes: tuple[str, ...]
    before: Mapping[str, int]
    after: Mapping[str, int]
    body: str
    snapshot: str
    rule_book: str

    def content(self) -> Content:
        """Return the item as a change says it."""
        return {
            "request_id": self.request_id,
            "settlement": self.settlement,
            "original": self.original,
            "standing": self.standing,
            "member": self.member,
            "version": self.version,
            "causes": list(self.causes),
            "before": dict(self.before),
            "after": dict(self.after),
            "body": self.body,
            "snapshot": self.snapshot,
            "rule_book": self.rule_book,
        }

    @classmethod
    def read(cls, content: object) -> Self:
        """Return the item a change says. Raises: ValueError."""
        require_keys(content, *_KEYS)
        stated: Mapping[str, Any] = content  # type: ignore[assignment] # it has its keys
        causes = stated["causes"]
        if not isinstance(causes, list) or not all(isinstance(one, str) for one in causes):
            raise ValueError("causes are a list of texts")
        version = stated["version"]
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise ValueError(f"{version!r} is no version of a person")
        texts = {name: stated[name] for name in ("body", "snapshot", "rule_book")}
        if not all(isinstance(one, str) for one in texts.values()):
            raise ValueError("body, snapshot and rule_book are texts")
        for name in ("settlement", "standing"):
            parse_settlement_id(str(stated[name]))
        return cls(
            request_id=_office_id(stated["request_id"]),
            settlement=SettlementId(stated["settlement"]),
            original=parse_request_id(str(stated["original"])),
            standing=SettlementId(stated["standing"]),
            member=parse_member_id(str(stated["member"])),
            version=version,
            causes=tuple(causes),
            before=_amounts(stated["before"]),
            after=_amounts(stated["after"]),
            **texts,
        )


def adjustment_content(items: Iterable[Item]) -> Content:
    """Return items as the content of a change."""
    return {"items": [item.content() for item in items]}


def read_items(content: Content) -> tuple[Item, ...]:
    """Return the items of a change, in the order in which they are posted. Raises: ValueError."""
    require_keys(content, "items")
    listed = content["items"]
    if not isinstance(listed, list) or not 0 < len(listed) <= ITEMS_MAX:
        raise ValueError(f"a change adjusts 1..{ITEMS_MAX} settlements")
    items = tuple(map(Item.read, listed))
    for name in ("request_id", "original"):
        if len({getattr(item, name) for item in items}) < len(items):
            raise ValueError(f"two items have one {name}")
    return items


def _office_id(text: object) -> RequestId:
    request_id = parse_request_id(str(text))
    if not request_id.startswith(OFFICE):
        raise ValueError(f"the request id of an adjustment begins {OFFICE}")
    return request_id


def _amounts(stated: object) -> Mapping[str, int]:
    """Return amounts by payer, which add up to the total. Raises: ValueError."""
    if not isinstance(stated, dict) or not set(stated) >= _AMOUNTS:
        raise ValueError(f"amounts name {', '.join(sorted(_AMOUNTS))} and each fund")
    if not all(isinstance(fen, int) and not isinstance(fen, bool) for fen in stated.values()):
        raise ValueError("amounts are whole fen")
    if sum(stated.values()) != 2 * stated["total"]:
        raise ValueError("who pays does not add up to the total")
    return stated
