from hypothesis import given
from hypothesis import strategies as st

from switch.server.replay import WINDOW_SEQS, ReplayWindow


def test_number_is_taken_once() -> None:
    window = ReplayWindow()
    assert window.take(1)
    assert not window.take(1)


def test_gaps_are_filled_within_the_window_and_refused_below_it() -> None:
    window = ReplayWindow()
    assert window.take(5_000)
    assert window.take(5_000 - WINDOW_SEQS + 1)
    assert not window.take(5_000 - WINDOW_SEQS)


def test_largest_number_shifts_no_more_than_a_window() -> None:
    window = ReplayWindow()
    assert window.take(2**63 - 1)
    assert window.take(2**63 - 2)
    assert not window.take(1)


@given(st.lists(st.integers(1, 3_000), max_size=200))
def test_window_agrees_with_a_set(seqs: list[int]) -> None:
    window, taken, highest = ReplayWindow(), set[int](), 0
    for seq in seqs:
        fresh = seq not in taken and seq > highest - WINDOW_SEQS
        assert window.take(seq) == fresh
        if fresh:
            taken.add(seq)
            highest = max(highest, seq)
