"""Phases, arrivals at a set rate, and what is counted of a phase."""

from collections import Counter

import pytest

from loadtest.figures import Figures
from loadtest.shapes import TRIM_S, Arrivals, Live, Phase, Work, plan_of, window_s


def test_a_plan_fills_its_time_and_measures_settle_and_echo_alike() -> None:
    plan = plan_of(30.0, mixed_only=False)
    lengths: Counter[Work] = Counter()
    for phase in plan:
        lengths[phase.work] += round(phase.seconds * 1_000)
    assert sum(lengths.values()) == 30_000
    assert lengths[Work.SETTLE] == lengths[Work.ECHO] > 0


def test_a_run_too_short_to_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        plan_of(5.0, mixed_only=False)


def test_a_killed_run_is_of_whole_visits_only() -> None:
    assert plan_of(5.0, mixed_only=True) == (Phase(Work.MIXED, 5.0),)


def test_arrivals_keep_their_rate_and_order_and_end() -> None:
    arrivals = Arrivals(1_000.0, "seed", start=10.0, end=20.0)
    instants = []
    while (instant := arrivals.take()) is not None:
        instants.append(instant)
    assert instants == sorted(instants)
    assert instants[0] > 10.0
    assert instants[-1] < 20.0
    # 10,000 are expected; their standard deviation is 100.
    assert 9_500 < len(instants) < 10_500
    assert arrivals.left() == 0


def test_arrivals_that_nobody_took_are_counted() -> None:
    taken, left = (Arrivals(100.0, "seed", 0.0, 1.0) for _ in range(2))
    taken.take()
    assert taken.left() == left.left() - 1


def test_arrivals_follow_from_their_seed() -> None:
    first, second = (Arrivals(10.0, "seed", 0.0, 9.0) for _ in range(2))
    assert [first.take() for _ in range(9)] == [second.take() for _ in range(9)]


def test_preparing_has_no_arrivals_even_in_an_open_run() -> None:
    assert Live(Phase(Work.PREPARE, 1.0), 0, 0.0, rate=5.0, seed=1).arrivals is None
    assert Live(Phase(Work.SETTLE, 1.0), 0, 0.0, rate=5.0, seed=1).arrivals is not None
    assert Live(Phase(Work.SETTLE, 1.0), 0, 0.0, rate=0.0, seed=1).arrivals is None


def test_only_answers_within_the_window_are_counted_and_from_the_intended_start() -> None:
    live = Live(Phase(Work.SETTLE, 2.0), 0, 100.0, rate=0.0, seed=1)
    figures = Figures()
    figures.record(live, "settle", 100.0, 100.0 + TRIM_S / 2)  # the phase before was ending
    figures.record(live, "settle", 100.5, 101.0)
    figures.record(live, "settle", 101.5, 102.1)  # answered after the end
    figures.note_phase(live, {"switch": 0.5})
    said = figures.as_json()
    settle = said["work"]["settle"]["operations"]["settle"]
    assert (settle["count"], settle["max"]) == (1, 500_000)
    assert said["unmeasured"] == {"settle": 2}
    assert said["work"]["settle"]["cpu_s"] == {"switch": 0.5}


def test_a_phase_that_is_cut_measures_less() -> None:
    live = Live(Phase(Work.SETTLE, 2.0), 0, 100.0, rate=0.0, seed=1)
    live.cut(101.0)
    live.cut(101.5)
    assert window_s([live], Work.SETTLE) == pytest.approx(1.0 - TRIM_S)


def test_broken_promises_are_counted_beyond_what_is_kept() -> None:
    figures = Figures()
    for nth in range(50):
        figures.note_wrong(str(nth))
    assert (figures.wrong_count, len(figures.wrong)) == (50, 20)
