"""The filings that a province begins with: one digest over them all, for the genesis to say.

Their rows stand in each person's opening event, as they were before any request; the office's first
record, sealed, holds the digest. So a filing that no request wrote has its reason, too.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from switch.ledger.digest import canonical_json

GENESIS_KEY: Final = "filings"
"""Under this key the genesis says how many there are, and their digest."""


class Opened:
    """Counts and digests filings, person by person, in order of bucket and number."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._count = 0

    def add(self, member_id: str, filings: Sequence[Mapping[str, Any]]) -> None:
        """Take the filings of the next person who has any."""
        text = canonical_json({"filings": list(filings), "member": member_id})
        self._hash.update(len(text.encode()).to_bytes(8) + text.encode())
        self._count += len(filings)

    def said(self) -> dict[str, Any]:
        """Return what the genesis says of them."""
        return {"count": self._count, "sha256": self._hash.hexdigest()}


def opened_of(people: Iterable[tuple[str, Sequence[Mapping[str, Any]]]]) -> dict[str, Any]:
    """Return what the genesis says of people's filings; people in order of bucket and number."""
    opened = Opened()
    for member_id, filings in people:
        opened.add(member_id, filings)
    return opened.said()
