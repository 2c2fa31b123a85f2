"""Each kind of difference, its repair, and what it explains; the order that the merge relies on."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from switch.model.ids import RequestId
from switch.recon.compare import SAME_MAX, Comparison, OutOfOrder, compare
from switch.recon.difference import Difference, Kind, Repair, Standing, State, judged
from switch.recon.record import NOTHING, Group, Leg, Parts, Record
from switch.recon.totals import Balance, compare_totals, sums

DAY = date(2018, 12, 1)
NEXT = date(2018, 12, 2)
GROUP = Group(DAY, "310", "11", "330299")


def settled(number: int, total: int = 1_000) -> Record:
    request = RequestId(f"H33020000001201812010900{number:06d}")
    parts = Parts(total, total * 7 // 10, total // 10)
    return Record(request, Leg.SETTLED, "0001000001", GROUP, parts, "", request)


def undone(record: Record, day: date = DAY) -> Record:
    group = replace(record.group, day=day)
    return replace(record, leg=Leg.UNDONE, group=group, parts=-record.parts, act="X")


A, B, C = settled(1), settled(2, 500), settled(3, 77)


def test_equal_records_have_no_difference() -> None:
    assert compare([A, B], [replace(A, act=""), B]) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "kind", "repair", "explains"),
    [
        ([A, B], [A], Kind.ONLY_SWITCH, Repair.REVERSE, B.parts),
        ([A], [A, B], Kind.ONLY_INSTITUTION, Repair.STRIKE, -B.parts),
        ([A, undone(A)], [A], Kind.CANCELLED_AT_SWITCH, Repair.RECORD, -A.parts),
        ([A], [A, undone(A)], Kind.CANCELLED_AT_INSTITUTION, Repair.STRIKE, A.parts),
        ([undone(A)], [], Kind.CANCELLED_AT_SWITCH, Repair.RECORD, -A.parts),
        ([A], [A, A], Kind.TWICE, Repair.STRIKE, -A.parts),
        (
            [A], [replace(A, parts=Parts(1_000, 690, 100))],
            Kind.AMOUNTS, Repair.CORRECT, Parts(0, 10, 0),
        ),
        ([A], [replace(A, group=replace(GROUP, day=NEXT))], Kind.DAY, Repair.CORRECT, NOTHING),
        ([A], [replace(A, member_id="0001000002")], Kind.PERSON, Repair.CORRECT, NOTHING),
        (
            [A], [replace(A, group=replace(GROUP, insurance="390"))],
            Kind.GROUP, Repair.CORRECT, NOTHING,
        ),
    ],
)  # fmt: skip
def test_one_difference_is_named_with_its_repair_and_amount(
    ours: list[Record], theirs: list[Record], kind: Kind, repair: Repair, explains: Parts
) -> None:
    (found,) = compare(ours, theirs)
    assert (found.kind, found.repair, found.explains) == (kind, repair, explains)


def test_what_an_institution_does_not_keep_is_not_compared() -> None:
    bare = replace(A, group=Group(DAY, "", "", ""))
    assert compare([A], [bare]) == []


def test_a_settlement_undone_on_its_day_and_unknown_there_needs_nothing() -> None:
    comparison = Comparison(iter([A, undone(A), B]))
    comparison.take([B])
    comparison.finish()
    assert comparison.differences(10) == []
    assert comparison.silent == 1


def test_a_settlement_undone_on_its_day_and_unknown_here_is_asked_about() -> None:
    """The switch may have the settlement under another day, standing."""
    kinds = [one.kind for one in compare([B], [A, undone(A), B])]
    assert kinds == [Kind.ONLY_INSTITUTION, Kind.CANCELLED_AT_INSTITUTION]


def test_a_settlement_undone_on_another_day_and_unknown_there_is_recorded_twice() -> None:
    found = compare([A, undone(A, NEXT)], [])
    assert [(one.kind, one.repair) for one in found] == [
        (Kind.ONLY_SWITCH, Repair.RECORD), (Kind.CANCELLED_AT_SWITCH, Repair.RECORD),
    ]  # fmt: skip


def test_of_two_records_the_one_that_agrees_is_taken() -> None:
    wrong = replace(A, parts=Parts(1, 1, 0))
    (found,) = compare([A], [wrong, A])
    assert found == Difference(Kind.TWICE, Repair.STRIKE, A, wrong, -wrong.parts)


def test_pieces_come_to_the_same_as_the_whole() -> None:
    ours, theirs = [A, B], [A, undone(A), C]
    comparison, found = Comparison(iter(ours)), []
    for record in theirs:
        comparison.take([record])
        found += comparison.differences(1)
    comparison.finish()
    while more := comparison.differences(1):
        found += more
    assert found == compare(ours, theirs)
    assert comparison.is_complete
    explained = comparison.ours_total.parts - comparison.theirs_total.parts
    assert comparison.explained == explained


def test_records_out_of_order_are_refused() -> None:
    with pytest.raises(OutOfOrder):
        compare([A], [B, A])
    with pytest.raises(OutOfOrder):
        compare([A], [undone(A), A])
    with pytest.raises(OutOfOrder):
        compare([], [A] * (SAME_MAX + 1))


def test_a_double_in_a_long_list_is_one_double() -> None:
    ours = [settled(number) for number in range(2 * SAME_MAX)]
    (found,) = compare(ours, [*ours, ours[-1]])
    assert found.kind is Kind.TWICE


STILL = datetime(2018, 12, 1, 1, 5, tzinfo=UTC)
LATER = datetime(2018, 12, 1, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("theirs", "standing", "now", "kind", "repair"),
    [
        (A, Standing(State.UNKNOWN), STILL, Kind.ONLY_INSTITUTION, Repair.RESEND),
        (A, Standing(State.UNKNOWN), LATER, Kind.ONLY_INSTITUTION, Repair.STRIKE),
        (A, Standing(State.DECLINED), STILL, Kind.ONLY_INSTITUTION, Repair.STRIKE),
        (A, Standing(State.TOMBSTONE, undone=True), STILL, Kind.ONLY_INSTITUTION, Repair.STRIKE),
        (A, Standing(State.UNKNOWN, namesake=True), STILL, Kind.TWICE, Repair.STRIKE),
        (A, Standing(State.POSTED, elsewhere=B), STILL, Kind.DAY, Repair.CORRECT),
        (
            undone(A), Standing(State.POSTED), LATER,
            Kind.CANCELLED_AT_INSTITUTION, Repair.CANCEL,
        ),
        (
            undone(A), Standing(State.DECLINED), LATER,
            Kind.CANCELLED_AT_INSTITUTION, Repair.STRIKE,
        ),
        (undone(A), Standing(State.POSTED, B, undone=True), LATER, Kind.DAY, Repair.CORRECT),
    ],
)  # fmt: skip
def test_the_register_decides_over_what_the_institution_alone_has(
    theirs: Record, standing: Standing, now: datetime, kind: Kind, repair: Repair
) -> None:
    (found,) = compare([], [theirs])
    after = judged(found, standing, now)
    assert (after.kind, after.repair, after.explains) == (kind, repair, -theirs.parts)


def test_the_register_decides_nothing_where_both_sides_have_a_record() -> None:
    (found,) = compare([A], [replace(A, member_id="0001000002")])
    assert judged(found, Standing(State.DECLINED), LATER) == found


def test_totals_are_compared_by_group_and_name_who_has_none() -> None:
    other = replace(B, group=replace(GROUP, insurance="390"))
    found = compare_totals(sums([A, undone(A), other]), sums([other, C]))
    assert [(one.group.insurance, one.equal) for one in found] == [("310", False), ("390", True)]
    assert compare_totals(sums([A, undone(A)]), {})[0].equal


def test_a_stated_total_that_is_not_the_sum_of_the_records_is_the_remainder() -> None:
    ours, theirs = sums([A])[GROUP], sums([A])[GROUP]
    stated = replace(theirs, parts=Parts(1_061, 700, 100))
    balance = Balance(ours, theirs, stated, NOTHING)
    assert balance.remainder == Parts(-61, 0, 0)
