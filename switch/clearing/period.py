"""Periods that books are closed by: a business day, a month, a year; and when a day ends.

A business day ends at its region's cut-off 日切, minutes after its midnight in Beijing: 1,440 is
midnight, 1,320 ten in the evening, 1,560 two in the morning after.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, Self

from switch.model.ids import BEIJING

MIDNIGHT_MINUTES: Final = 1_440
CUT_OFF_EARLIEST: Final = 1_080
"""Six in the evening: the day's larger part lies before."""
CUT_OFF_LATEST: Final = 1_800
"""Six in the morning after."""

_NAME: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


class Kind(StrEnum):
    """How long a period is."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """A period by its kind and first day. Raises: ValueError when that is no first day."""

    kind: Kind
    since: date

    def __post_init__(self) -> None:
        if self.kind is not Kind.DAY and self.since.day != 1:
            raise ValueError(f"a {self.kind} begins with a first, not on {self.since}")
        if self.kind is Kind.YEAR and self.since.month != 1:
            raise ValueError(f"a year begins with January, not on {self.since}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the period named 2026, 2026-11 or 2026-11-25. Raises: ValueError."""
        found = _NAME.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no period: write 2026, 2026-11 or 2026-11-25")
        year, month, day = found.groups()
        since = date(int(year), int(month or 1), int(day or 1))
        return cls(Kind.DAY if day else Kind.MONTH if month else Kind.YEAR, since)

    @classmethod
    def month_of(cls, day: date) -> Self:
        """Return the month that a day lies in."""
        return cls(Kind.MONTH, day.replace(day=1))

    @property
    def name(self) -> str:
        """The name that `parse` reads."""
        length = {Kind.DAY: 10, Kind.MONTH: 7, Kind.YEAR: 4}[self.kind]
        return self.since.isoformat()[:length]

    @property
    def until(self) -> date:
        """The last day."""
        match self.kind:
            case Kind.DAY:
                return self.since
            case Kind.MONTH:
                following = self.since.replace(day=28) + timedelta(days=4)
                return following.replace(day=1) - timedelta(days=1)
            case Kind.YEAR:
                return self.since.replace(month=12, day=31)

    def parts(self) -> tuple["Period", ...]:
        """Return what must be closed before this: a month's days, a year's months."""
        match self.kind:
            case Kind.DAY:
                return ()
            case Kind.MONTH:
                days = (self.until - self.since).days + 1
                return tuple(Period(Kind.DAY, self.since + timedelta(days=n)) for n in range(days))
            case Kind.YEAR:
                return tuple(Period(Kind.MONTH, self.since.replace(month=n)) for n in range(1, 13))


def cut_off_of(day: date, minutes: int) -> datetime:
    """Return the instant at which a business day ends."""
    return datetime.combine(day, time(), BEIJING) + timedelta(minutes=minutes)


def business_day(now: datetime, minutes: int) -> date:
    """Return the business day that an instant lies in, by the clock alone."""
    return (now.astimezone(BEIJING) + timedelta(minutes=MIDNIGHT_MINUTES - minutes)).date()


def parse_cut_off(text: str) -> int:
    """Return a cut-off written 22:00, 24:00 or 26:00, in minutes. Raises: ValueError."""
    found = re.fullmatch(r"(\d{2}):([0-5]\d)", text, re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} is no cut-off: write 22:00, 24:00 or 26:00")
    minutes = int(found[1]) * 60 + int(found[2])
    if not CUT_OFF_EARLIEST <= minutes <= CUT_OFF_LATEST:
        raise ValueError(f"a cut-off lies between 18:00 and 30:00, not at {text}")
    return minutes
