"""What the records put in force and approved, and that settlements rest on nothing else."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from switch.audit.findings import RECORDS, Violation
from switch.audit.replies import ADJUST
from switch.audit.rows import Case, WindowRow
from switch.audit.windows import CLOCKS_APART
from switch.model.ids import JournalId, settlement_id
from switch.office.activation import Known, in_force
from switch.office.adjustment import Item


@dataclass(slots=True)
class InForce:
    """What was known to be in force: filled by the walk along the records, then only asked."""

    known: Sequence[Known] = ()
    windows: dict[str, list[WindowRow]] = field(default_factory=dict)
    adjusted: dict[str, Item] = field(default_factory=dict)
    """Request id → the adjustment that was approved under it."""
    met: set[str] = field(default_factory=set)

    def take(self, known: Sequence[Known], windows: Sequence[WindowRow]) -> None:
        """Take every activation that the records made, and every window."""
        self.known = known
        for window in windows:
            self.windows.setdefault(window.book, []).append(window)

    def check(self, case: Case) -> Iterator[Violation]:
        """A settlement was decided by a book that was in force in its region when it was posted."""
        row, journal = case.row, case.journal
        if row.method == ADJUST:
            yield from self._check_adjusted(case)
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

    def check_missing(self) -> Iterator[Violation]:
        """Every adjustment that was approved was posted."""
        for request_id in sorted(self.adjusted.keys() - self.met):
            yield Violation(RECORDS, f"request {request_id}", "was approved and is not there")

    def _check_adjusted(self, case: Case) -> Iterator[Violation]:
        """An adjustment is to the byte what two officers signed, of the settlement they named."""
        row, beside = case.row, case.beside
        item = self.adjusted.get(row.request_id)
        if item is None:
            yield Violation(RECORDS, row.key, "is an adjustment, and no record approved it")
            return
        self.met.add(row.request_id)
        standing = "" if beside is None or beside.undoes is None else settlement_id(
            beside.undoes[0], JournalId(beside.undoes[1])
        )  # fmt: skip
        here = (row.member_id, row.body, row.snapshot, row.rule_book, standing)
        there = (
            item.member, base64.b64decode(item.body), item.snapshot.encode(), item.rule_book,
            item.standing,
        )  # fmt: skip
        if here != there:
            yield Violation(RECORDS, row.key, "is not the adjustment that was approved")
        if case.replaced is None or case.replaced.rule_book != row.rule_book:
            yield Violation(RECORDS, row.key, f"is not decided as {item.original} was")

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
