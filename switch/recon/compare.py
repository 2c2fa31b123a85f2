"""The merge of two ordered records: a million rows without holding them.

The switch's side is an iterator, read as far as the institution's rows reach. The institution's
comes in pieces; what can be said of them is said piece by piece.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

from switch.model.ids import OFFICE, request_institution
from switch.recon.difference import Difference, Kind, Repair
from switch.recon.record import NO_TOTAL, Leg, Parts, Record, Total

SAME_MAX: Final = 1_000
"""Records of one settlement in an institution's list: more is no list of settlements."""


class OutOfOrder(ValueError):
    """The institution's records are not in the order of their keys."""


class Comparison:
    """Compares what comes with what is read. Totals and counts grow as it goes.

    `silent`: settlements settled and undone on one day here and unknown there, such as those
    reversed after an answer was lost: they move nothing, and nobody has anything to do.
    """

    def __init__(self, ours: Iterator[Record]) -> None:
        self._ours = ours
        self._next: Record | None = None
        self._waiting: deque[Record] = deque()
        self._last: tuple[str, int] | None = None
        self._same = 0
        self._ended = False
        self.ours_total: Total = NO_TOTAL
        self.theirs_total: Total = NO_TOTAL
        self.explained: Parts = NO_TOTAL.parts
        self.counts: dict[Kind, int] = {}
        self.ours_rows = 0
        self.theirs_rows = 0
        self.silent = 0
        self._read()

    def take(self, theirs: Iterable[Record]) -> None:
        """Take more of the institution's records. Raises: OutOfOrder."""
        for record in theirs:
            if self._last is not None and record.key < self._last:
                raise OutOfOrder(f"{record.settlement} comes after {self._last[0]}")
            same = self._last is not None and record.settlement == self._last[0]
            self._same = self._same + 1 if same else 1
            if self._same > SAME_MAX:
                raise OutOfOrder(f"{record.settlement} stands more than {SAME_MAX} times")
            self._last = record.key
            self._waiting.append(record)
            self.theirs_rows += 1
            self.theirs_total = self.theirs_total.with_record(record)

    def finish(self) -> None:
        """Say that the institution has no more records."""
        self._ended = True

    @property
    def is_complete(self) -> bool:
        """Whether everything of both sides was compared."""
        return self._ended and not self._waiting and self._next is None

    def differences(self, at_most: int) -> list[Difference]:
        """Return what can be said so far, about `at_most` differences; more when it is full."""
        found: list[Difference] = []
        while len(found) < at_most:
            group = self._group()
            if group is None:
                break
            found.extend(self._compared(*group))
        for difference in found:
            self.counts[difference.kind] = self.counts.get(difference.kind, 0) + 1
            self.explained += difference.explains
        return found

    def _group(self) -> tuple[Sequence[Record], Sequence[Record]] | None:
        """Return both sides' records of the next settlement; None: nothing more to say yet."""
        theirs_next = self._waiting[0].settlement if self._waiting else None
        ours_next = None if self._next is None else self._next.settlement
        if theirs_next is None and (not self._ended or ours_next is None):
            return None
        if theirs_next is None or (ours_next is not None and ours_next < theirs_next):
            return self._take_ours(), ()
        if not self._ended and self._last is not None and self._last[0] == theirs_next:
            return None
        ours = self._take_ours() if ours_next == theirs_next else ()
        return ours, self._take_theirs()

    def _take_ours(self) -> Sequence[Record]:
        taken: list[Record] = []
        while self._next is not None and (
            not taken or self._next.settlement == taken[0].settlement
        ):
            taken.append(self._next)
            self._read()
        return taken

    def _take_theirs(self) -> Sequence[Record]:
        taken = [self._waiting.popleft()]
        while self._waiting and self._waiting[0].settlement == taken[0].settlement:
            taken.append(self._waiting.popleft())
        return taken

    def _read(self) -> None:
        self._next = next(self._ours, None)
        if self._next is not None:
            self.ours_rows += 1
            self.ours_total = self.ours_total.with_record(self._next)

    def _compared(self, ours: Sequence[Record], theirs: Sequence[Record]) -> Iterator[Difference]:
        if not theirs and _moves_nothing(ours):
            self.silent += 1
            return
        # Whoever has undone it, a reversal would be one undoing too many.
        undone = any(one.leg is Leg.UNDONE for one in (*ours, *theirs))
        for leg in Leg:
            mine = [one for one in ours if one.leg is leg]
            yours = [one for one in theirs if one.leg is leg]
            # A settlement that was replaced and stands again has an act of a leg on each day.
            for one in mine:
                if yours:
                    nearest = min(yours, key=partial(_distance, one))
                    yours.remove(nearest)
                    yield from _faults(one, nearest)
                else:
                    yield _only_ours(one, undone=undone)
            if yours and not mine:
                yield _only_theirs(yours.pop(0))
            for again in yours:
                yield Difference(
                    Kind.TWICE, Repair.STRIKE, mine[0] if mine else None, again, -again.parts
                )


def compare(ours: Iterable[Record], theirs: Iterable[Record]) -> list[Difference]:
    """Compare two whole records, both in order, at once. Raises: OutOfOrder."""
    comparison = Comparison(iter(ours))
    comparison.take(theirs)
    comparison.finish()
    found: list[Difference] = []
    while more := comparison.differences(1_000):
        found.extend(more)
    return found


def _moves_nothing(records: Sequence[Record]) -> bool:
    """Say whether our records are a settlement and its undoing within one day."""
    return len(records) == len(Leg) and records[0].group.day == records[1].group.day


def _distance(mine: Record, yours: Record) -> int:
    """Return in how many ways two records of one act differ."""
    return len(list(_faults(mine, yours)))


def _only_ours(mine: Record, *, undone: bool) -> Difference:
    if mine.leg is Leg.UNDONE:
        return Difference(Kind.CANCELLED_AT_SWITCH, Repair.RECORD, mine, None, mine.parts)
    # What the office corrected is not the institution's to undo: it takes the correction over.
    corrected = request_institution(mine.settlement) == OFFICE
    repair = Repair.RECORD if undone or corrected else Repair.REVERSE
    return Difference(Kind.ONLY_SWITCH, repair, mine, None, mine.parts)


def _only_theirs(yours: Record) -> Difference:
    """The careful repair of an undoing is none at the switch: the register is asked first."""
    kind = Kind.ONLY_INSTITUTION if yours.leg is Leg.SETTLED else Kind.CANCELLED_AT_INSTITUTION
    return Difference(kind, Repair.STRIKE, None, yours, -yours.parts)


def _faults(mine: Record, yours: Record) -> Iterator[Difference]:
    """Yield each way in which two records of one act differ; only amounts explain any."""
    if mine.parts != yours.parts:
        explains = mine.parts - yours.parts
        yield Difference(Kind.AMOUNTS, Repair.CORRECT, mine, yours, explains)
    pairs = (
        (Kind.DAY, mine.group.day == yours.group.day),
        (Kind.PERSON, mine.member_id == yours.member_id),
        (Kind.GROUP, _same_group(mine, yours)),
    )
    for kind, same in pairs:
        if not same:
            yield Difference(kind, Repair.CORRECT, mine, yours, NO_TOTAL.parts)


def _same_group(mine: Record, yours: Record) -> bool:
    ours, theirs = mine.group, yours.group
    return (
        theirs.insurance in {"", ours.insurance}
        and theirs.clearing_type in {"", ours.clearing_type}
        and theirs.region in {"", ours.region}
    )
