"""Tells in good time which keys come to their last planned day: a date is a plan, not a switch.

Nothing stops by itself on that day, but for TDES terminals, which are opened to an end date: a
country's card terminals once failed together on a date that nobody had watched.
"""

import asyncio
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import psycopg
import structlog

from switch.model.ids import BEIJING
from switch.pipeline.ports import Clock
from switch.store.keys import ending

ALARM_DAYS: Final = 90
"""How long before a key's last day the alarm begins: a ceremony takes weeks to bring together."""
URGENT_DAYS: Final = 30
CHECK_S: Final = 3_600.0
NAMED_MAX: Final = 20
"""Keys named in one round; terminals by the thousand are a count."""

log = structlog.get_logger()


async def watch_key_days(url: str, clock: Clock, every_s: float = CHECK_S) -> None:
    """Tell the log of keys that end soon, each round, for as long as this task runs."""
    while True:
        today = clock.now().astimezone(BEIJING).date()
        try:
            found = await asyncio.to_thread(_read, url, today)
        except psycopg.Error as error:
            log.warning("key_days_not_read", error=type(error).__name__)
        else:
            tell_key_days(found, today)
        await asyncio.sleep(every_s)


def tell_key_days(found: Iterable[tuple[str, date]], today: date) -> None:
    """Tell of each key that ends soon, an error when it is urgent; of terminals, how many."""
    terminals: list[date] = []
    named = 0
    for key, last_day in found:
        if key.startswith("terminal/"):
            terminals.append(last_day)
        elif named < NAMED_MAX:
            named += 1
            _tell("key_ends", (last_day - today).days, key=key, ends_on=last_day.isoformat())
    if terminals:
        first = min(terminals)
        _tell(
            "terminal_keys_end", (first - today).days, keys=len(terminals),
            first_ends_on=first.isoformat(),
        )  # fmt: skip


def _tell(event: str, days_left: int, **fields: object) -> None:
    tell = log.error if days_left <= URGENT_DAYS else log.warning
    tell(event, days_left=days_left, **fields)


def _read(url: str, today: date) -> list[tuple[str, date]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return ending(connection, today + timedelta(days=ALARM_DAYS))
