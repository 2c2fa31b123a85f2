"""The cut-off: closes each book's window when its business day is over, and opens the next.

The exclusive lock inside `close_window` waits for every posting in flight, so closed means
complete; posting meets the closed window, reads again and lands in the next day's.
"""

import asyncio
from datetime import date, datetime
from typing import Final

import psycopg
import structlog

from switch.clearing.period import MIDNIGHT_MINUTES
from switch.pipeline.ports import Clock
from switch.store.migrate import make_partitions

log = structlog.get_logger()

CHECK_S: Final = 20.0

_DUE: Final = """
SELECT w.book, w.day FROM medswitch.clearing_window w
LEFT JOIN LATERAL (
    SELECT minutes FROM medswitch.cut_off c WHERE c.book = w.book AND c.since <= w.day
    ORDER BY c.since DESC, c.record DESC LIMIT 1
) c ON true
WHERE w.closed_at IS NULL
    AND %s >= (w.day + make_interval(mins => coalesce(c.minutes, %s))) AT TIME ZONE 'Asia/Shanghai'
ORDER BY w.book
"""


def close_due(url: str, now: datetime) -> int:
    """Close every window whose business day is over by its book's cut-off; return how many.

    Safe in any number of processes at once: a window that another closed is left alone.
    """
    closed = 0
    with psycopg.connect(url, autocommit=True) as connection:
        while due := connection.execute(_DUE, (now, MIDNIGHT_MINUTES)).fetchall():
            for book, day in due:
                closed += close_window(connection, book, day, now)
    return closed


def close_window(connection: psycopg.Connection, book: str, day: date, now: datetime) -> bool:
    """Close one book's window of a day and open the next; False when it was not open."""
    row = connection.execute(
        "SELECT medswitch.close_window(%s, %s, %s)", (book, day, now)
    ).fetchone()
    return bool(row and row[0])


async def cut_off(url: str, clock: Clock) -> None:
    """Close what is due, for as long as the process serves; and keep partitions ahead."""
    while True:
        try:
            closed = await asyncio.to_thread(close_due, url, clock.now())
            if closed:
                log.info("windows_closed", count=closed)
            await asyncio.to_thread(make_partitions, url, clock.now().date())
        except psycopg.Error as error:
            log.warning("cut_off_failed", why=type(error).__name__)
        await asyncio.sleep(CHECK_S)
