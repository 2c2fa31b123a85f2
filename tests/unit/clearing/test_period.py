"""Days, months and years that are closed, and when a business day ends."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.clearing.period import (
    CUT_OFF_EARLIEST,
    CUT_OFF_LATEST,
    Kind,
    Period,
    business_day,
    cut_off_of,
    parse_cut_off,
)


@pytest.mark.parametrize(
    ("text", "kind", "until", "parts"),
    [
        ("2026-11-25", Kind.DAY, date(2026, 11, 25), 0),
        ("2026-11", Kind.MONTH, date(2026, 11, 30), 30),
        ("2024-02", Kind.MONTH, date(2024, 2, 29), 29),
        ("2026-12", Kind.MONTH, date(2026, 12, 31), 31),
        ("2026", Kind.YEAR, date(2026, 12, 31), 12),
    ],
)
def test_a_period_is_named_by_its_first_day(text: str, kind: Kind, until: date, parts: int) -> None:
    period = Period.parse(text)
    assert (period.name, period.kind, period.until) == (text, kind, until)
    found = period.parts()
    assert len(found) == parts
    if found:
        assert (found[0].since, found[-1].until) == (period.since, period.until)
        for one, following in pairwise(found):
            assert following.since == one.until + timedelta(days=1)


@pytest.mark.parametrize(
    "text", ["", "26-11", "2026-13", "2026-11-31", "2026-1", "2026/11", "２０２６"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Period.parse(text)


def test_a_month_begins_with_its_first() -> None:
    with pytest.raises(ValueError, match="begins with a first"):
        Period(Kind.MONTH, date(2026, 11, 2))
    with pytest.raises(ValueError, match="begins with January"):
        Period(Kind.YEAR, date(2026, 11, 1))
    assert Period.month_of(date(2026, 11, 25)).name == "2026-11"


@given(
    now=st.datetimes(datetime(2018, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    minutes=st.integers(CUT_OFF_EARLIEST, CUT_OFF_LATEST),
)
def test_every_instant_lies_in_exactly_one_business_day(now: datetime, minutes: int) -> None:
    day = business_day(now, minutes)
    assert cut_off_of(day - timedelta(days=1), minutes) <= now < cut_off_of(day, minutes)


@pytest.mark.parametrize(
    ("text", "minutes"), [("22:00", 1_320), ("24:00", 1_440), ("26:30", 1_590)]
)
def test_a_cut_off_is_minutes_after_the_days_midnight(text: str, minutes: int) -> None:
    assert parse_cut_off(text) == minutes


@pytest.mark.parametrize("text", ["17:59", "30:01", "24", "24:60", "midnight", "２４:00"])
def test_a_cut_off_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_cut_off(text)
