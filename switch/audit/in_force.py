"""Which rule books the records put in force, and that settlements were decided by such."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from switch.audit.findings import RECORDS, Violation
from switch.audit.rows import Case, WindowRow
from switch.audit.windows import CLOCKS_APART
from switch.office.activation import Known, in_force


@dataclass(slots=True)
class InForce:
    """What was known to be in force: filled by the walk along the records, then only asked."""

    known: Sequence[Known] = ()
    windows: dict[str, list[WindowRow]] = field(default_factory=dict)

    def take(self, known: Sequence[Known], windows: Sequence[WindowRow]) -> None:
        """Take every activation that the records made, and every window."""
        self.known = known
        for window in windows:
            self.windows.setdefault(window.book, []).append(window)

    def check(self, case: Case) -> Iterator[Violation]:
        """A settlement was decided by a book that was in force in its region when it was posted."""
        row, journal = case.row, case.journal
        if row.method != "Settle" or row.ref is None or journal is None:
            return
        if case.replaced is not None:
            return  # decided as what it replaces was: invariant 10 compares the two
        region = journal.region_insured
        if row.rule_book not in self._hashes(region, journal.day, row.posted_at):
            yield Violation(
                RECORDS, row.key,
                f"was decided by rule book {row.rule_book or 'none'}, which no record had put in "
                f"force in {region} by {row.posted_at.isoformat()}",
            )  # fmt: skip

    def _hashes(self, region: str, day: date, at: datetime) -> set[str]:
        """Return the books a settlement of a day may have been decided by.

        The business day is the journal's, or that of the region's own window, which another book's
        window need not turn with. Replicas and operators write their own clocks.
        """
        days = {day}
        for window in self.windows.get(region, ()):
            closed_at = window.closed_at
            if window.opened_at - CLOCKS_APART <= at and (
                closed_at is None or at <= closed_at + CLOCKS_APART
            ):
                days.add(window.day)
        first, last = at - CLOCKS_APART, at + CLOCKS_APART
        instants = {first, last} | {one.at for one in self.known if first < one.at < last}
        found = set()
        for instant in instants:
            known = [one.activation for one in self.known if one.at <= instant]
            found |= {in_force(known, region, on) for on in days}
        return {one.hash for one in found if one is not None}
