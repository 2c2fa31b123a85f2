"""A replay under the same book changes nothing; under another it is what would have happened."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switch.model.decision import Decline
from switch.model.reply import ReplyCode
from switch.simulate.replay import Effect, Settled, amounts_of, replay
from tests.unit.rules.fix_rules import shipped_rules
from tests.unit.simulate.fix_past import Bill, Lived, candidate, decider, member

pasts = st.lists(
    st.builds(
        Bill,
        st.integers(1, 400_000),
        st.sampled_from(("11", "11", "11", "21")),
        st.sampled_from(("tertiary", "secondary", "community")),
        st.one_of(st.none(), st.none(), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=6,
)
balances = st.integers(0, 100_000)


@given(pasts, balances, balances)
@settings(max_examples=150, deadline=None)
def test_the_same_book_gives_the_same(bills: list[Bill], current: int, earlier: int) -> None:
    events, decisions = Lived(member(current, earlier), shipped_rules()).live(bills)
    effects = list(replay(events, decider(shipped_rules())))
    assert len(effects) == len(decisions)
    assert all(effect.after == effect.settled.amounts for effect in effects)


@given(pasts, balances, balances)
@settings(max_examples=150, deadline=None)
def test_another_book_gives_what_a_life_under_it_would_have_been(
    bills: list[Bill], current: int, earlier: int
) -> None:
    """The stored past plus shifts, against the same person living it all under the candidate."""
    events, _ = Lived(member(current, earlier), shipped_rules()).live(bills)
    _, lived = Lived(member(current, earlier), candidate()).live(bills)
    effects = list(replay(events, decider(candidate())))
    assert [effect.after for effect in effects] == [amounts_of(one.split) for one in lived]


def effects_of(bills: list[Bill]) -> list[Effect]:
    events, _ = Lived(member(0, 0), shipped_rules()).live(bills)
    return list(replay(events, decider(candidate())))


def test_a_later_bill_sees_what_the_candidate_left_before() -> None:
    """Self segment 600 → 450, ratio 75 → 78 %, no account; two bills of 500.

    As settled: 500 in the segment; then 100 in the segment, 400 × 75 % = 300.00.
    Candidate: 450 in the segment, 50 × 78 % = 39.00; then nothing is left of the segment:
    500 × 78 % = 390.00 (not 450 or 400 of it, as each bill by itself would give).
    """
    first, second = effects_of([Bill(50_000), Bill(50_000)])
    assert [first.settled.amounts.fund, second.settled.amounts.fund] == [0, 30_000]
    assert [first.after.fund, second.after.fund] == [3_900, 39_000]


def test_what_was_cancelled_counts_for_nobody_but_was_there_for_what_came_between() -> None:
    """The first bill of 500 is cancelled after the second: the third sees the second alone.

    Candidate, third bill of 500: the second used nothing of the segment that is left of the first
    (450 were used by it), so after the cancelling the whole segment is open again.
    """
    bills = [Bill(50_000, cancelled_after=1), Bill(50_000), Bill(50_000)]
    second, third = effects_of(bills)
    # Second: 0 of the segment left, 500 × 78 %; third: 450 of the segment, 50 × 78 %.
    assert [second.after.fund, third.after.fund] == [39_000, 3_900]
    # As settled: second 100 of the segment, 400 × 75 %; third 500 of the segment.
    assert [second.settled.amounts.fund, third.settled.amounts.fund] == [30_000, 0]


def test_a_decline_leaves_the_person_with_the_whole_bill() -> None:
    events, _ = Lived(member(9_000, 0), shipped_rules()).live([Bill(50_000), Bill(50_000)])
    decline = Decline(ReplyCode.POLICY_NOT_HELD, {})
    effects = list(replay(events, lambda *_: decline))
    for effect in effects:
        assert effect.decline is decline
        assert (effect.after.cash, effect.after.fund, effect.after.person) == (50_000, 0, 50_000)


def test_what_no_candidate_touches_is_left_out_until_something_came_before() -> None:
    bills = [Bill(20_000), Bill(50_000), Bill(50_000)]
    events, _ = Lived(member(0, 0), shipped_rules()).live(bills)
    quiet = [replace(event, touched=False) for event in events if isinstance(event, Settled)]
    assert list(replay(quiet, decider(candidate()))) == []
    middle = [quiet[0], replace(quiet[1], touched=True), quiet[2]]
    assert [one.settled.key for one in replay(middle, decider(shipped_rules()))] == ["1"]
    assert [one.settled.key for one in replay(middle, decider(candidate()))] == ["1", "2"]


@pytest.mark.parametrize(
    ("current", "earlier", "shifted"),
    [(-300, 0, (0, 700)), (0, -2_000, (0, 0)), (-3_000, 0, (0, 0)), (500, -400, (1_000, 600))],
)
def test_a_balance_never_falls_below_zero(
    current: int, earlier: int, shifted: tuple[int, int]
) -> None:
    from switch.simulate.replay import _Shift

    before = member(500 if current > 0 else 0, 1_000)
    after = _Shift({}, current, earlier).on(before)
    assert (after.account_current_fen, after.account_earlier_fen) == shifted
