"""What rounds come to: medians, the ratio of each round, and what a target says of it."""

import pytest

from loadtest.bench.figures import Segment, Value, joined, ratios, value_of, values
from loadtest.bench.page import render, table, verdict
from loadtest.histogram import Histogram


def segment(work: str, calls: int, seconds: float, us: int = 100, cpu_s: float = 0.0) -> Segment:
    return Segment(work, calls, seconds, Histogram([us] * calls), {"switch": cpu_s})


ROUNDS = [
    [segment("echo", 100, 1.0), segment("settle", 30, 0.5, 300, 0.03), segment("echo", 100, 1.0)],
    [segment("echo", 50, 1.0), segment("settle", 30, 1.0, 500, 0.06), segment("echo", 50, 1.0)],
    [segment("echo", 80, 1.0), segment("settle", 30, 0.75, 400, 0.045), segment("echo", 80, 1.0)],
]


def test_the_two_halves_of_a_round_are_one() -> None:
    echo = joined(ROUNDS[0], "echo")
    assert (echo.calls, echo.seconds, echo.per_s, echo.latencies.count) == (200, 2.0, 100.0, 200)


def test_a_ratio_is_of_each_round_and_the_median_of_them_counts() -> None:
    found = {one.name: one for one in values(ROUNDS)}
    assert found["settle_per_s"] == Value("settle_per_s", 40.0, 30.0, 60.0, "1/s")
    ratio = found["settle_over_echo"]
    assert (ratio.low, ratio.value, ratio.high) == pytest.approx((0.5, 0.6, 0.6))
    assert found["settle_switch_cpu_us"].value == pytest.approx(1_500)
    assert found["settle_p99_us"].low < found["settle_p99_us"].high
    assert "stream_over_echo" not in found, "what was not measured is not told"


def test_a_round_that_measured_nothing_has_no_ratio() -> None:
    assert ratios([1.0, 2.0], [0.0, 4.0]) == [0.5]
    with pytest.raises(ValueError, match="x was not measured"):
        value_of("x", [], "us")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("settle_over_echo", 0.8, "met: at least 0.8"),
        ("settle_over_echo", 0.79, "missed: at least 0.8"),
        ("rss_mib", 250.0, "met: at most 250"),
        ("rss_mib", 250.1, "missed: at most 250"),
        ("echo_per_s", 1.0, ""),
    ],
)
def test_a_target_is_met_or_missed(name: str, value: float, said: str) -> None:
    assert verdict(Value(name, value, value, value, "")) == said


def test_a_line_and_the_page_say_where_it_was_measured() -> None:
    found = values(ROUNDS)
    line = found[0].line({"commit": "abc", "machine": {"cpu": "<x>"}})
    assert {"name", "value", "low", "high", "unit", "commit", "machine"} <= line.keys()
    page = render(found, {"machine": {"cpu": "<x>"}})
    assert "settle_over_echo" in page
    assert "&lt;x&gt;" in page
    assert "<script" not in page
    assert any("settle_over_echo" in text for text in table(found))
