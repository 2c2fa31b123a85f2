"""An amount divided among remainders: nothing lost, none above what there is."""

from hypothesis import given
from hypothesis import strategies as st

from switch.rules.remainder import divided

weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=6)


@given(weights, st.data())
def test_shares_come_to_the_amount_and_none_is_above_its_weight(
    found: list[int], data: st.DataObject
) -> None:
    amount = data.draw(st.integers(0, sum(found)))
    shares = divided(amount, found)
    assert sum(shares) == amount
    assert all(0 <= share <= weight for share, weight in zip(shares, found, strict=True))


@given(weights, st.data())
def test_a_share_is_within_a_fen_of_its_proportion(found: list[int], data: st.DataObject) -> None:
    total = sum(found)
    amount = data.draw(st.integers(0, total))
    for share, weight in zip(divided(amount, found), found, strict=True):
        assert abs(share * total - amount * weight) <= total
