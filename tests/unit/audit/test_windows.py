"""Windows in their order, without a database."""

from datetime import UTC, date, datetime, timedelta

import pytest

from switch.audit.rows import WindowRow
from switch.audit.windows import check_windows

FIRST = date(2018, 12, 1)
MIDNIGHT = datetime(2018, 12, 1, tzinfo=UTC)


def _day(number: int, *, closed: bool = True, book: str = "330299") -> WindowRow:
    opened = MIDNIGHT + timedelta(days=number)
    ended = opened + timedelta(days=1) if closed else None
    return WindowRow(book, FIRST + timedelta(days=number), opened, ended)


def test_days_without_a_gap_of_which_the_last_is_open_are_clean() -> None:
    books = [_day(n, closed=n < 3, book=book) for book in ("330299", "INTERCITY") for n in range(4)]
    assert list(check_windows(books)) == []
    assert list(check_windows([])) == []


@pytest.mark.parametrize(
    "days",
    [
        [_day(0), _day(2, closed=False)],
        [_day(0, closed=False), _day(1, closed=False)],
        [_day(0), _day(1)],
        [WindowRow("330299", FIRST, MIDNIGHT, MIDNIGHT + timedelta(days=2)),
         _day(1, closed=False)],
    ],
)  # fmt: skip
def test_a_gap_two_open_days_none_or_an_overlap_is_named(days: list[WindowRow]) -> None:
    found = list(check_windows(days))
    assert [v.invariant for v in found] == [9]
    assert found[0].key.startswith("window 330299 2018-12-0")
