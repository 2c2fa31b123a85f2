import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.model.money import line_price_fen, share_half_up, yuan_text


@pytest.mark.parametrize(
    ("amount", "rate", "expected"),
    [
        (0, 5_000, 0),
        (1, 5_000, 1),  # half a fen goes up
        (1, 4_999, 0),
        (3, 5_000, 2),
        (100, 10_000, 100),
        (481_800, 7_000, 337_260),
    ],
)
def test_share_rounds_half_up(amount: int, rate: int, expected: int) -> None:
    assert share_half_up(amount, rate) == expected


@given(st.integers(0, 10**14), st.integers(0, 10_000))
def test_share_and_rest_differ_from_the_whole_by_at_most_one_fen(amount: int, rate: int) -> None:
    both = share_half_up(amount, rate) + share_half_up(amount, 10_000 - rate)
    assert amount <= both <= amount + 1


@pytest.mark.parametrize(("amount", "rate"), [(-1, 100), (1, -1), (1, 10_001)])
def test_share_refuses_what_is_no_share(amount: int, rate: int) -> None:
    with pytest.raises(ValueError, match=r"negative|outside"):
        share_half_up(amount, rate)


@pytest.mark.parametrize(
    ("quantity_e4", "price_e4", "expected"),
    [
        (10_000, 155_000, 1_550),  # 1 at 15.50 yuan
        (25_000, 132_000, 3_300),  # 2.5 at 13.20 yuan
        (10_000, 50, 1),  # half a fen goes away from zero
        (-10_000, 50, -1),
        (10_000, 49, 0),
        (10_000, 0, 0),
    ],
)
def test_line_price(quantity_e4: int, price_e4: int, expected: int) -> None:
    assert line_price_fen(quantity_e4, price_e4) == expected


def test_yuan_text_is_for_people() -> None:
    assert yuan_text(123_456_789) == "1,234,567.89"
    assert yuan_text(-5) == "-0.05"
