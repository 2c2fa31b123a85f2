"""The same seed gives the same visits, users share nothing, and few take most of the traffic."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.workload import (
    BILLS,
    LINES,
    OUTPATIENT,
    PHARMACY,
    SHARES,
    After,
    Visit,
    Workload,
    deal,
    draw_bills,
)

RANKS = [0, 3, 20]


def visits(seed: int, user: int, count: int = 200) -> list[Visit]:
    workload = Workload(seed, user, RANKS, members=50)
    return [workload.visit() for _ in range(count)]


def test_same_seed_and_user_give_the_same_visits() -> None:
    assert visits(1, 2) == visits(1, 2)


@pytest.mark.parametrize(("seed", "user"), [(2, 2), (1, 3)])
def test_another_seed_or_user_gives_other_visits(seed: int, user: int) -> None:
    assert visits(1, 2) != visits(seed, user)


def test_visits_stay_within_what_the_user_has() -> None:
    for visit in visits(7, 0, 2_000):
        assert visit.terminal in range(3)
        assert visit.member in range(50)
        assert visit.bill in range(BILLS)


def test_the_busiest_institution_and_the_first_members_take_most() -> None:
    drawn = visits(7, 0, 4_000)
    terminals = Counter(visit.terminal for visit in drawn)
    assert terminals[0] > terminals[1] > terminals[2]
    assert sum(visit.member < 25 for visit in drawn) > len(drawn) * 7 // 10


def test_every_kind_of_aftermath_occurs_in_its_share() -> None:
    afters = Counter(visit.after for visit in visits(7, 0, 5_000))
    assert set(afters) == set(After)
    assert sum(SHARES.values()) == 100
    assert afters[After.NOTHING] > 5_000 * 7 // 10


def test_rotation_names_every_member_once() -> None:
    assert sorted(Workload(1, 0, RANKS, 50).rotation()) == list(range(50))


@pytest.mark.parametrize("kind", [OUTPATIENT, PHARMACY])
def test_bills_are_drawn_alike_and_have_five_different_items(kind: str) -> None:
    bills = draw_bills(1, kind)
    assert bills == draw_bills(1, kind)
    assert len(bills) == BILLS
    assert all(len({line.code for line in bill.lines}) == LINES for bill in bills)


@given(st.integers(1, 300), st.integers(1, 64))
def test_dealing_gives_each_thing_to_one_user(things: int, users: int) -> None:
    if things < users:
        with pytest.raises(ValueError, match="dealt"):
            deal(things, users, 0)
        return
    dealt = [nth for user in range(users) for nth in deal(things, users, user)]
    assert sorted(dealt) == list(range(things))


def test_a_user_without_terminals_is_refused() -> None:
    with pytest.raises(ValueError, match="terminal"):
        Workload(1, 0, [], 5)
