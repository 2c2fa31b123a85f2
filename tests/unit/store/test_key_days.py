"""Keys that come to their last day are told of in good time."""

from datetime import date, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from switch.store.key_days import NAMED_MAX, URGENT_DAYS, tell_key_days

TODAY = date(2026, 11, 25)
KEY = "province/330000/AUTH/SM4/1"


def told(*found: tuple[str, int]) -> list[Any]:
    with capture_logs() as events:
        tell_key_days([(key, TODAY + timedelta(days=days)) for key, days in found], TODAY)
    return list(events)


@pytest.mark.parametrize(
    ("days", "level"),
    [(90, "warning"), (URGENT_DAYS + 1, "warning"), (URGENT_DAYS, "error"), (0, "error"),
     (-1, "error")],
)  # fmt: skip
def test_a_key_is_named_and_urgent_when_little_time_is_left(days: int, level: str) -> None:
    (event,) = told((KEY, days))
    assert event == {
        "event": "key_ends", "log_level": level, "key": KEY, "days_left": days,
        "ends_on": (TODAY + timedelta(days=days)).isoformat(),
    }  # fmt: skip


def test_terminals_are_a_count_and_the_first_day() -> None:
    events = told(("terminal/T1/TDES/1", 40), (KEY, 60), ("terminal/T2/TDES/1", 20))
    assert [event["event"] for event in events] == ["key_ends", "terminal_keys_end"]
    assert (events[1]["keys"], events[1]["days_left"], events[1]["log_level"]) == (2, 20, "error")


def test_nothing_to_tell_is_not_told_and_much_is_bounded() -> None:
    assert told() == []
    assert len(told(*((f"city/33{n:02}00/AUTH/SM4/1", 50) for n in range(NAMED_MAX + 5)))) == (
        NAMED_MAX
    )
