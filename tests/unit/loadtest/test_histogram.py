"""Percentiles against a sorted list, and merging against counting everything at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.histogram import PARTS, Histogram, bucket_of, upper_end

LATENCIES = st.lists(st.integers(0, 2**40), min_size=1, max_size=200)


def nearest_rank(values: list[int], parts: int) -> int:
    """Return the percentile of a list, by the definition."""
    return sorted(values)[-(-len(values) * parts // PARTS) - 1]


@given(LATENCIES, st.integers(1, PARTS))
def test_percentile_is_never_below_the_true_one_and_at_most_a_128th_above(
    values: list[int], parts: int
) -> None:
    true = nearest_rank(values, parts)
    assert true <= Histogram(values).percentile(parts) <= true + true // 128


@given(st.lists(st.integers(0, 127), min_size=1), st.integers(1, PARTS))
def test_below_128_us_percentiles_are_exact(values: list[int], parts: int) -> None:
    assert Histogram(values).percentile(parts) == nearest_rank(values, parts)


@given(LATENCIES, LATENCIES)
def test_merged_halves_equal_the_whole(first: list[int], second: list[int]) -> None:
    merged = Histogram(first)
    merged.merge(Histogram(second))
    assert merged.figures() == Histogram(first + second).figures()


@given(st.integers(0, 2**50))
def test_a_value_lies_in_its_bucket_and_buckets_do_not_overlap(value: int) -> None:
    bucket = bucket_of(value)
    assert value <= upper_end(bucket)
    assert bucket == 0 or upper_end(bucket - 1) < value


def test_figures_of_known_latencies() -> None:
    figures = Histogram(range(1, 101)).figures()
    assert figures == {
        "count": 100, "mean": 50, "p50": 50, "p90": 90, "p99": 99, "p99_9": 100, "max": 100,
    }  # fmt: skip


def test_nothing_recorded_is_zero_everywhere() -> None:
    assert set(Histogram().figures().values()) == {0}


def test_a_clock_that_steps_back_counts_as_zero() -> None:
    assert Histogram([-5]).figures()["max"] == 0


@pytest.mark.parametrize("parts", [0, -1, PARTS + 1])
def test_percentiles_outside_the_scale_are_refused(parts: int) -> None:
    with pytest.raises(ValueError, match="percentile"):
        Histogram([1]).percentile(parts)
