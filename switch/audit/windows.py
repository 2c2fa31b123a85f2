"""Invariants 9 and 12: one window a journal, none after closing; DUE accounts mirror each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Final

from switch.audit.findings import Violation
from switch.audit.rows import JournalRow, WindowRow
from switch.model.journal import INTERCITY

CLOCKS_APART: Final = timedelta(minutes=5)
"""The lock decides what a window takes, not the clock, and replicas write their own clocks; a
journal later than this after the closing is one nevertheless."""

Windows = Mapping[tuple[str, date], WindowRow]


def check_windows(windows: Sequence[WindowRow]) -> Iterator[Violation]:
    """A book's days follow each other without a gap; the last, and only it, is open.

    `windows` are ordered by book and day.
    """
    for book, found in groupby(windows, key=attrgetter("book")):
        days = list(found)
        for before, after in pairwise(days):
            if after.day != before.day + timedelta(days=1):
                yield Violation(9, after.key, f"follows {before.day}")
            if before.closed_at is None:
                yield Violation(9, before.key, "is open although a later day is")
            elif after.opened_at < before.closed_at:
                yield Violation(9, after.key, "was opened before the day before it was closed")
        if days[-1].closed_at is not None:
            yield Violation(9, days[-1].key, f"is closed, and book {book} has no open window")


def check_window(journal: JournalRow, windows: Windows) -> Iterator[Violation]:
    """A journal lies in one window that exists, of the book it must be in, and before its closing.

    Within a region that is the region's own book; between regions the intercity one.
    """
    home, care = journal.region_insured, journal.region_care
    book = care if home == care else INTERCITY
    if journal.window_book != book:
        yield Violation(9, journal.key, f"lies in window {journal.window_book}, not {book}")
    window = windows.get((journal.window_book, journal.day))
    if window is None:
        yield Violation(9, journal.key, f"{journal.window_book} has no window {journal.day}")
    elif window.closed_at is not None and journal.posted_at > window.closed_at + CLOCKS_APART:
        yield Violation(
            9, journal.key,
            f"was posted {journal.posted_at.isoformat()}, after {window.key} was closed",
        )  # fmt: skip


@dataclass(slots=True)
class Dues:
    """What is owed between regions by window: some pairs of regions a day."""

    owed: dict[tuple[str, date, str], dict[str, int]] = field(default_factory=dict)
    """(window book, day, DUE account) → book → credits minus debits."""

    def add(self, journal: JournalRow) -> Iterator[Violation]:
        """Take a journal; its own two DUE legs mirror each other already."""
        legs: dict[str, int] = {}
        for (book, account), change in journal.balance_changes().items():
            if account.startswith("DUE:"):
                legs[account] = legs.get(account, 0) + change
                key = (journal.window_book, journal.day, account)
                books = self.owed.setdefault(key, {})
                books[book] = books.get(book, 0) + change
        for account, left in sorted(legs.items()):
            if left:
                yield Violation(12, journal.key, f"{account} does not mirror: {left} fen are left")

    def check(self) -> Iterator[Violation]:
        """In each window a pair's two accounts mirror, and all regions' net positions are zero."""
        net: dict[tuple[str, date], int] = {}
        for (window, day, account), books in sorted(self.owed.items()):
            balance = sum(books.values())
            if balance:
                sides = ", ".join(f"book {book}: {fen}" for book, fen in sorted(books.items()))
                yield Violation(
                    12, f"window {window} {day} {account}", f"does not mirror ({sides} fen)"
                )
            net[window, day] = net.get((window, day), 0) + balance
        for (window, day), left in sorted(net.items()):
            if left:
                yield Violation(12, f"window {window} {day}", f"net positions sum to {left} fen")
