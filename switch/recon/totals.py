"""Totals by group (3201), and whether the differences found explain a difference of totals."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from switch.recon.record import NO_TOTAL, Group, Parts, Record, Total


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """A group as both sides add it up; `theirs` is None where the institution states nothing."""

    group: Group
    ours: Total
    theirs: Total | None

    @property
    def equal(self) -> bool:
        """Whether both sides say the same; a group that nobody moved is equal to none stated."""
        return self.ours == (self.theirs or NO_TOTAL)


@dataclass(frozen=True, slots=True)
class Balance:
    """The end of a comparison: how far the differences explain the totals.

    `stated` is the institution's own sum, `theirs` what its records come to. `remainder` is what
    no difference explains: the institution's sum is not the sum of its records.
    """

    ours: Total
    theirs: Total
    stated: Total
    explained: Parts

    @property
    def remainder(self) -> Parts:
        """Switch less stated, less what the differences explain."""
        return self.ours.parts - self.stated.parts - self.explained


def sums(records: Iterable[Record]) -> dict[Group, Total]:
    """Return what each group of records comes to."""
    found: dict[Group, Total] = {}
    for record in records:
        found[record.group] = found.get(record.group, NO_TOTAL).with_record(record)
    return found


def compare_totals(ours: Mapping[Group, Total], theirs: Mapping[Group, Total]) -> list[GroupTotal]:
    """Return every group that either side has, in order."""
    groups = sorted(
        set(ours) | set(theirs),
        key=lambda one: (one.day, one.region, one.insurance, one.clearing_type),
    )
    return [GroupTotal(one, ours.get(one, NO_TOTAL), theirs.get(one)) for one in groups]
