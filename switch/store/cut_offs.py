"""When a book's business day ends, as officers have set it."""

from datetime import date
from typing import Final

from psycopg import Connection
from psycopg.rows import TupleRow

from switch.clearing.period import MIDNIGHT_MINUTES
from switch.office.change import Change, Decision
from switch.office.clearing import CutOff
from switch.office.refusal import Refusal, Refused

_BOOK: Final = "SELECT max(day) FROM medswitch.clearing_window WHERE book = %s"
_SET: Final = "INSERT INTO medswitch.cut_off (book, since, minutes, record) VALUES (%s, %s, %s, %s)"
_HELD: Final = """
SELECT minutes FROM medswitch.cut_off WHERE book = %s AND since <= %s
ORDER BY since DESC, record DESC LIMIT 1
"""


def set_cut_off(conn: Connection[TupleRow], change: Change, decision: Decision) -> None:
    """Put an approved cut-off in force: the effect of `set-cut-off`. Raises: Refused."""
    wanted = CutOff.read(change.content)
    row = conn.execute(_BOOK, (wanted.book,)).fetchone()
    latest: date | None = None if row is None else row[0]
    if latest is None:
        raise Refused(Refusal.CUT_OFF_CHANGED, f"there is no book {wanted.book}")
    if wanted.since <= latest:
        raise Refused(
            Refusal.CUT_OFF_CHANGED, f"business day {latest} of {wanted.book} is open already"
        )
    conn.execute(_SET, (wanted.book, wanted.since, wanted.minutes, decision.record))


def cut_off_minutes(conn: Connection[TupleRow], book: str, day: date) -> int:
    """Return how many minutes after its midnight a business day of a book ends."""
    row = conn.execute(_HELD, (book, day)).fetchone()
    return MIDNIGHT_MINUTES if row is None else int(row[0])
