"""Sums: whole = all groups of a dimension; two halves joined = one whole."""

from hypothesis import given, settings
from hypothesis import strategies as st

from switch.simulate.replay import Effect, replay
from switch.simulate.sums import DIMENSIONS, Cell, Sums
from tests.unit.rules.fix_rules import shipped_rules
from tests.unit.simulate.fix_past import Bill, Lived, candidate, decider, member
from tests.unit.simulate.test_replay import pasts


def effects_of(bills: list[Bill]) -> list[Effect]:
    events, _ = Lived(member(), shipped_rules()).live(bills)
    return list(replay(events, decider(candidate())))


def added(people: list[list[Effect]]) -> Sums:
    sums = Sums()
    for one in people:
        sums.add_person(one)
    return sums


@given(st.lists(pasts, max_size=5), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_two_halves_joined_are_the_whole(people: list[list[Bill]], cut: int) -> None:
    found = [effects_of(bills) for bills in people]
    first, second = added(found[:cut]), added(found[cut:])
    first.join(second)
    assert first == added(found)


@given(st.lists(pasts, max_size=4))
@settings(max_examples=60, deadline=None)
def test_groups_and_payers_add_up_to_the_whole(people: list[list[Bill]]) -> None:
    found = [effects_of(bills) for bills in people]
    sums, effects = added(found), [one for person in found for one in person]
    whole = sums.whole
    assert whole.total == sum(one.settled.amounts.total for one in effects)
    assert sum(before for before, _ in sums.payers.values()) == whole.total
    assert sum(after for _, after in sums.payers.values()) == whole.total
    assert whole.fund_after + whole.person_after == whole.fund_before + whole.person_before
    assert whole.gained - whole.lost == whole.person_before - whole.person_after
    for dimension in DIMENSIONS:
        joined = Cell()
        for cell in sums.groups[dimension].values():
            joined.join(cell)
        for name in ("settlements", "total", "fund_before", "fund_after", "person_after"):
            assert getattr(joined, name) == getattr(whole, name)
    assert sum(sums.steps.values()) == whole.gainers + whole.losers


def test_a_person_gains_once_whatever_the_number_of_bills() -> None:
    """Two bills as in `test_a_later_bill_sees_...`: burden 1,000 − 300 → 1,000 − 429."""
    events, _ = Lived(member(0, 0), shipped_rules()).live([Bill(50_000), Bill(50_000)])
    sums = Sums()
    sums.add_person(replay(events, decider(candidate())))
    whole = sums.whole
    assert (whole.persons, whole.gainers, whole.gained, whole.losers) == (1, 1, 12_900, 0)
    assert sums.payers["310100"] == (30_000, 42_900)
    assert sums.payers["cash"] == (70_000, 57_100)
    assert sums.steps == {(1, 2): 1}  # from 100 to below 500 yuan
    assert set(sums.groups["age"]) == {"45-59"}
    assert set(sums.groups["level"]) == {"tertiary"}
    assert set(sums.groups["class"]) == {"in_service"}
    assert set(sums.groups["kind"]) == {"11"}
    assert set(sums.groups["insurance"]) == {"330299/310"}


def test_who_bears_more_loses() -> None:
    events, _ = Lived(member(0, 0), candidate()).live([Bill(50_000), Bill(50_000)])
    sums, other = Sums(), Sums()
    sums.add_person(list(replay(events, decider(shipped_rules()))))
    other.add_unread("why")
    other.join(sums)
    assert (other.whole.losers, other.whole.lost) == (1, 12_900)
    assert other.steps == {(-1, 2): 1}
    sums.join(other)
    assert sums.unread == {"why": 1}


def test_nobody_is_no_person() -> None:
    sums = Sums()
    sums.add_person([])
    sums.add_unread("why")
    assert sums.whole.persons == 0
    assert sums.unread == {"why": 1}
