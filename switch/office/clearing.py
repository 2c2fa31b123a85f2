"""What officers change about clearing: when a book's day ends, and a closed period reopened."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from switch.model.ids import parse_region
from switch.model.journal import INTERCITY
from switch.office.activation import parse_day
from switch.office.canonical import Content
from switch.office.officer import require_keys

CUT_OFF_MINUTES: Final = (1_080, 1_800)
"""A cut-off lies between 18:00 of the business day and 06:00 of the next."""

_PERIOD: Final = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CutOff:
    """From a business day on a book's day ends so many minutes after its midnight: the content of
    `set-cut-off`. `book`: a region, or INTERCITY.
    """

    book: str
    since: date
    minutes: int

    def content(self) -> Content:
        """Return the cut-off as a change says it."""
        return {"book": self.book, "since": self.since.isoformat(), "minutes": self.minutes}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the cut-off a change says. Raises: ValueError."""
        require_keys(content, "book", "since", "minutes")
        book, minutes = str(content["book"]), content["minutes"]
        if book != INTERCITY:
            parse_region(book)
        first, last = CUT_OFF_MINUTES
        if type(minutes) is not int or not first <= minutes <= last:
            raise ValueError(f"a cut-off is {first}..{last} minutes after midnight, not {minutes}")
        return cls(book, parse_day(content["since"]), minutes)


@dataclass(frozen=True, slots=True)
class Reopening:
    """A closed period of a region is open again: the content of `reopen-period`. It names the
    version, so that what is approved is what was looked at.
    """

    region: str
    period: str
    version: int

    def content(self) -> Content:
        """Return the reopening as a change says it."""
        return {"region": self.region, "period": self.period, "version": self.version}

    @classmethod
    def read(cls, content: Content) -> Self:
        """Return the reopening a change says. Raises: ValueError."""
        require_keys(content, "region", "period", "version")
        period, version = str(content["period"]), content["version"]
        if not _PERIOD.fullmatch(period):
            raise ValueError(f"{period!r} is no period: write 2026, 2026-11 or 2026-11-25")
        if type(version) is not int or version < 1:
            raise ValueError(f"a closing's version is 1 or more, not {version!r}")
        return cls(parse_region(str(content["region"])), period, version)
