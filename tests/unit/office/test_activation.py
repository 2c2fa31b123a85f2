"""Which book is in force on a day: below, at and above each first day."""

from datetime import date

import pytest

from switch.office.activation import Activation, in_force

BOOKS = (
    Activation("330299", "first", date(2026, 1, 1), record=1, change=0),
    Activation("330299", "later", date(2026, 3, 1), record=9, change=5),
    Activation("330299", "wrong", date(2026, 2, 1), record=5, change=4),
    Activation("330299", "mended", date(2026, 2, 1), record=7, change=2),
    Activation("330199", "other", date(2026, 2, 1), record=8, change=6),
)


@pytest.mark.parametrize(
    ("on", "book_hash"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), "first"),
        (date(2026, 1, 31), "first"),
        (date(2026, 2, 1), "mended"),
        (date(2026, 2, 28), "mended"),
        (date(2026, 3, 1), "later"),
        (date(2099, 1, 1), "later"),
    ],
)
def test_the_latest_first_day_rules_and_of_two_the_later_decided(
    on: date, book_hash: str | None
) -> None:
    found = in_force(BOOKS, "330299", on)
    assert (None if found is None else found.hash) == book_hash
    assert in_force(reversed(BOOKS), "330299", on) == found


def test_a_region_without_a_book_has_none() -> None:
    assert in_force(BOOKS, "331099", date(2026, 5, 1)) is None
    assert in_force((), "330299", date(2026, 5, 1)) is None
