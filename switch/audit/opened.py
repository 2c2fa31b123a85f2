"""Invariant 17 for what no request wrote: filings of the opening, held to the sealed genesis.

A province's opening events hold the filings it begins with, and the office's first record their
digest. A genesis that says nothing of filings is of before: then nothing is held to it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from switch.audit.findings import WRITTEN, Violation
from switch.audit.rows import FilingRow
from switch.ledger.opened import Opened

Rows = Sequence[Mapping[str, Any]]

_ENDS: Final = frozenset({"until", "ended"})
"""What a withdrawal changes of a filing."""


@dataclass(slots=True)
class Openings:
    """What the genesis says, and what the opening events come to. None: it says nothing."""

    genesis: Mapping[str, Any] | None = None
    met: Opened = field(default_factory=Opened)

    def check(self) -> Iterator[Violation]:
        """The opening events hold the filings that the genesis says, to the letter."""
        if self.genesis is not None and self.met.said() != self.genesis:
            yield Violation(
                WRITTEN, "genesis",
                f"says {self.genesis} of the filings it began with; the events come to "
                f"{self.met.said()}",
            )  # fmt: skip


def check_opened(
    member_id: str, rows: Rows, filings: Mapping[tuple[str, str], FilingRow]
) -> Iterator[Violation]:
    """Every filing of the opening stands, as it was but for its end."""
    for one in rows:
        filing = filings.get((member_id, str(one.get("filing_id"))))
        if filing is None:
            name = f"filing {one.get('filing_id')}"
            yield Violation(WRITTEN, name, "was there at the opening, and is not there")
            continue
        stands = filing.written()
        kept = _ENDS if filing.ended else frozenset()
        differing = sorted(
            name for name in stands if name not in kept and one.get(name) != stands[name]
        )
        if differing:
            yield Violation(
                WRITTEN, filing.key, f"differs from what the opening wrote: {', '.join(differing)}"
            )


def check_granted(filing: FilingRow, opened: Mapping[str, Rows]) -> Iterator[Violation]:
    """A filing that no request took was there at the opening."""
    if filing.granted is not None:
        return
    names = {one.get("filing_id") for one in opened.get(filing.member_id, ())}
    if filing.filing_id not in names:
        yield Violation(WRITTEN, filing.key, "was taken by no request and no opening")
