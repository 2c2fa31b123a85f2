"""What a run says: settle beside echo, and no figure that a kill has spoiled."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from loadtest import report
from loadtest.options import read_options

LATENCIES = {"p50": 44_543, "p90": 61_183, "p99": 109_055, "p99_9": 115_711, "max": 1_217_254}
SURROUNDINGS: dict[str, Any] = {"machine": {"cores": 2}, "database": {}, "batches": {}, "kill": {}}


def figures() -> dict[str, Any]:
    one = {"count": 7_029, "per_s": 1_351.7, **LATENCIES}
    echo = {"count": 29_568, "per_s": 5_686.2, **LATENCIES}
    return {
        "work": {
            "settle": {"operations": {"settle": one}, "cpu_s": {"switch": 4.8}},
            "echo": {"operations": {"echo": echo}, "cpu_s": {"switch": 4.7}},
        },
        "answers": 7_029,
    }


def told(arguments: list[str], **surroundings: Any) -> tuple[dict[str, Any], str]:
    around = SURROUNDINGS | surroundings
    result = report.result_of(read_options(arguments), figures(), around, [])
    out = StringIO()
    report.show(result, Console(file=out, width=110))
    return result, out.getvalue()


def test_settle_stands_beside_echo_of_the_same_run() -> None:
    result, said = told([])
    assert result["settle_over_echo"] == 0.238
    assert "settle   1,351.7/s   p50 44.5 ms, p99 109.1 ms" in said
    assert "echo     5,686.2/s   p50 44.5 ms, p99 109.1 ms" in said
    assert "settle / echo: 0.24" in said
    assert "1,217.3" in said
    assert "processor time a call, settle: switch 682 µs" in said


def test_a_run_at_a_set_rate_compares_nothing() -> None:
    result, said = told(["--rate", "100"])
    assert result["settle_over_echo"] is None
    assert "100 arrivals a second" in said
    assert "settle / echo" not in said


def test_a_run_that_was_killed_claims_no_speed() -> None:
    result, said = told(["kill"], kill={"after_s": 12.0, "back_after_s": 1.3})
    assert result["settle_over_echo"] is None
    assert "kill: after_s 12.0, back_after_s 1.3" in said
    assert "processor time" not in said
    assert "p50 44.5 ms" not in said


@pytest.mark.parametrize(
    ("us", "ms"), [(0, "0.0"), (49, "0.0"), (50, "0.1"), (1_999_950, "2,000.0")]
)
def test_microseconds_are_rounded_half_up_to_tenths_of_a_millisecond(us: int, ms: str) -> None:
    assert report._ms(us) == ms
