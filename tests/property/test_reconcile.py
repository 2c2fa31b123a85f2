"""Whatever is lost, doubled, shifted or altered is found, explained to the fen, and mended."""

import random
from collections import Counter
from datetime import date, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from switch.recon.difference import Repair
from switch.recon.record import NOTHING, Parts
from tests.property.fix_books import (
    DAYS,
    FAULTS,
    FIRST,
    TODAY,
    Books,
    make_books,
    spoil,
)

FAULTS_MAX = 8
EVER = FIRST - timedelta(days=30 * (FAULTS_MAX + 1))
"""Before any day that a record may be moved to: each fault moves one by thirty days at most."""


@example(
    seed=3037,
    settlements=3,
    faults=["day outside", "day outside", "lose", "day outside"],
    by_day=False,
)
@given(
    seed=st.integers(0, 2**32),
    settlements=st.integers(0, 40),
    faults=st.lists(st.sampled_from(FAULTS), max_size=FAULTS_MAX),
    by_day=st.booleans(),
)
@settings(max_examples=400, deadline=None)
def test_spoilt_books_are_explained_to_the_fen_and_agree_after_the_repairs(
    seed: int, settlements: int, faults: list[str], by_day: bool
) -> None:
    chance = random.Random(seed)
    books = make_books(chance, settlements)
    assert books.compare(EVER, TODAY) == []
    for fault in faults:
        spoil(books, chance, fault)
    spans = [(EVER, TODAY)]
    if by_day:
        spans = [(FIRST + timedelta(days=n),) * 2 for n in range(DAYS + len(faults))]
        spans.insert(0, (EVER, FIRST - timedelta(days=1)))
        # A record that comes home to a day already compared may uncover what was silent there.
        for since, until in spans:
            mend(books, since, until)
    for since, until in spans:
        mend(books, since, until)
    for since, until in [*spans, (EVER, TODAY)]:
        assert books.compare(since, until) == []
        assert books.totals(since, until) == NOTHING
    # An institution's records that agree are the switch's, but for what moves nothing.
    extra = Counter(one.settlement for one in books.institution)
    extra.subtract(one.settlement for one in books.switch.values())
    assert all(count in {0, 2, -2} for count in extra.values())


def mend(books: Books, since: date, until: date) -> None:
    """Compare, hold the sum of what the differences explain, and do every repair."""
    found = books.compare(since, until)
    explained = Parts(0, 0, 0)
    for one in found:
        explained += one.explains
    assert explained == books.totals(since, until)
    elsewhere = {one.key for one in books.institution if not since <= one.group.day <= until}
    # As the client does: what stands under another day in its own records is no one-sided
    # settlement; it comes up, and is corrected, when that day is compared.
    books.repair(
        [
            one
            for one in found
            if one.repair not in {Repair.REVERSE, Repair.RECORD} or one.record.key not in elsewhere
        ]
    )
