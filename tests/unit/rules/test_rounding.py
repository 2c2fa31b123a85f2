"""Rounding by name: each mode at its halves, whose part is rounded, of each piece or of the sum."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.rules.rounding import HALF_UP, MODES, RATE_ONE_E8, STEPS_FEN, Rounding

roundings = st.builds(
    Rounding,
    mode=st.sampled_from(MODES),
    step_fen=st.sampled_from(sorted(STEPS_FEN.values())),
    of_person=st.booleans(),
    of_sum=st.booleans(),
)
rates = st.one_of(
    st.sampled_from((0, RATE_ONE_E8)),
    st.integers(0, 10_000).map(lambda bp: bp * 10_000),
    st.integers(0, RATE_ONE_E8),
)
pieces = st.lists(st.tuples(st.integers(1, 100_000), rates), max_size=6)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        # of 0.4, 0.5, 0.6, 1.0, 1.5, 2.5 fen
        ("half_up", [0, 1, 1, 1, 2, 3]),
        ("half_even", [0, 0, 1, 1, 2, 2]),
        ("down", [0, 0, 0, 1, 1, 2]),
        ("up", [1, 1, 1, 1, 2, 3]),
    ],
)
def test_each_mode_at_its_halves(mode: str, expected: list[int]) -> None:
    assert [Rounding(mode).divide(number, 10) for number in (4, 5, 6, 10, 15, 25)] == expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        # of 4.9, 5, 14.9, 15, 49.9, 50, 150 fen
        ("fen", [5, 5, 15, 15, 50, 50, 150]),
        ("jiao", [0, 10, 10, 20, 50, 50, 150]),
        ("yuan", [0, 0, 0, 0, 0, 100, 200]),
    ],
)
def test_each_step_at_its_halves(step: str, expected: list[int]) -> None:
    rounding = Rounding(step_fen=STEPS_FEN[step])
    assert [rounding.divide(n, 10) for n in (49, 50, 149, 150, 499, 500, 1_500)] == expected


def test_whose_part_is_rounded_decides_who_bears_the_half() -> None:
    half = RATE_ONE_E8 // 2
    assert HALF_UP.share(101, half) == 51
    assert Rounding(of_person=True).share(101, half) == 50
    # to the yuan: the payer's 50.5 is 1 yuan, capped by the base; the person's 50.5 likewise
    assert Rounding(step_fen=100).share(101, half) == 100
    assert Rounding(step_fen=100, of_person=True).share(101, half) == 1


def test_a_ratio_of_nothing_pays_nothing_and_of_the_whole_leaves_the_person_nothing() -> None:
    down = Rounding("down", 100, of_person=True)
    assert (down.share(349, 0), down.share(349, RATE_ONE_E8)) == (0, 349)
    assert Rounding("up", 100).share(349, 0) == 0
    # one yuan of the sum cannot stand where nothing is paid
    assert Rounding(step_fen=100, of_sum=True).shares([(60, RATE_ONE_E8), (100, 0)]) == [60, 0]


def test_half_to_even_never_takes_a_piece_below_nothing_or_above_its_base() -> None:
    """Running sums did: 0.5 is 0 and 1.5 is 2, so the second fen got two, or lost one."""
    half = RATE_ONE_E8 // 2
    even = Rounding("half_even", of_sum=True)
    assert even.shares([(1, half), (1, RATE_ONE_E8)]) == [1, 1]
    assert Rounding("half_even", of_person=True, of_sum=True).shares([(1, half), (1, 0)]) == [0, 0]


def test_of_the_sum_is_not_of_each_band() -> None:
    third = 33_333_333
    assert Rounding().shares([(1, third)] * 3) == [0, 0, 0]
    assert Rounding(of_sum=True).shares([(1, third)] * 3) == [1, 0, 0]
    assert Rounding("down", 10, of_sum=True).shares([(9, RATE_ONE_E8), (9, RATE_ONE_E8)]) == [9, 1]


@given(roundings, st.integers(0, 10**14), rates)
def test_a_share_is_the_rounding_of_the_exact_one_within_the_base(
    rounding: Rounding, base: int, rate_e8: int
) -> None:
    paid = rounding.share(base, rate_e8)
    assert 0 <= paid <= base
    if rate_e8:
        exact = Fraction(base * rate_e8, RATE_ONE_E8)
        assert paid in allowed(rounding, exact, base)


def allowed(rounding: Rounding, exact: Fraction, base: int) -> set[int]:
    """Return what a rule may give for an exact share, by an arithmetic of its own."""
    person = base - exact
    of = person if rounding.of_person else exact
    lower = int(of // rounding.step_fen)
    rest = of / rounding.step_fen - lower
    up = {
        "down": False,
        "up": rest > 0,
        "half_up": rest >= Fraction(1, 2),
        "half_even": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and lower % 2 == 1),
    }[rounding.mode]
    rounded = min(base, (lower + up) * rounding.step_fen)
    return {base - rounded if rounding.of_person else rounded}


@given(roundings, pieces)
def test_shares_stay_within_their_bases_and_add_up_to_the_rounded_sum(
    rounding: Rounding, found: list[tuple[int, int]]
) -> None:
    paid = rounding.shares(found)
    assert all(0 <= one <= base for one, (base, _) in zip(paid, found, strict=True))
    assert all(one == 0 for one, (_, rate) in zip(paid, found, strict=True) if rate == 0)
    if not rounding.of_sum:
        assert paid == [rounding.share(base, rate) for base, rate in found]
    elif found:
        exact = sum((Fraction(base * rate, RATE_ONE_E8) for base, rate in found), Fraction())
        room = sum(base for base, rate in found if rate)
        rounded = allowed(rounding, exact, sum(base for base, _ in found)).pop()
        assert sum(paid) == min(rounded, room)
