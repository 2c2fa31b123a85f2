"""Reference data, cached: rule books, catalogues, institutions, open windows, at one epoch.

The cache is a convenience, never an authority: posting compares epoch and windows again. A change
of reference data moves the epoch; the turn of a business day moves the windows, and the rule books
with them.
"""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Final

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from switch.model.filing import Agency
from switch.model.ids import BEIJING, RegionCode
from switch.model.member import Institution
from switch.pipeline.ports import Clock
from switch.pipeline.view import Reference
from switch.security.custody import KeyRecord
from switch.store.keys import load_keys
from switch.store.rule_books import Shelf, load_epoch, load_shelf, shipped_regions
from switch.store.vouchers import load_issuers

RECENT_S: Final = 1.0
"""How long a presettlement may be made under an epoch that was compared this long ago."""

_INSTITUTIONS: Final = """
SELECT code, name, region, level, deductible_level, kinds, since, until, cross_city_since,
    cross_city_until, tags
FROM medswitch.institution
"""
_AGENCIES: Final = "SELECT code, name, serves FROM medswitch.agency"
_WINDOWS: Final = "SELECT book, day FROM medswitch.clearing_window WHERE closed_at IS NULL"


class ReferenceCache:
    """Loads reference data when the epoch moved, and turns to another day's books when windows did.

    It reads in a thread, so that the loop goes on.
    """

    def __init__(
        self, url: str, clock: Clock, keys: Callable[[list[KeyRecord]], None] | None = None
    ) -> None:
        self._url = url
        self._keys = keys
        """Told the records of tier and vault keys whenever the epoch has moved."""
        self._records: list[KeyRecord] | None = None
        self._clock = clock
        self._known: Reference | None = None
        self._shelf: Shelf | None = None
        self._checked = 0.0
        self._lock = asyncio.Lock()

    async def fresh(self) -> Reference:
        """Return the reference data as it stands now. Raises: psycopg.Error."""
        async with self._lock:
            self._known = await asyncio.to_thread(self._load)
            if self._keys is not None and self._records is not None:
                # On the loop, where no seal or proof is half made; and before anything is decided
                # under the new epoch.
                self._keys(self._records)
                self._records = None
            self._checked = asyncio.get_running_loop().time()
            return self._known

    async def recent(self) -> Reference:
        """Return reference data compared with the database at most a second ago."""
        now = asyncio.get_running_loop().time()
        if self._known is not None and now - self._checked < RECENT_S:
            return self._known
        return await self.fresh()

    def _load(self) -> Reference:
        today = self._clock.now().astimezone(BEIJING).date()
        with psycopg.connect(self._url, autocommit=True) as connection:
            epoch = load_epoch(connection)
            windows: dict[str, date] = dict(connection.execute(_WINDOWS).fetchall())
            since = min([*windows.values(), today])
            known, shelf = self._known, self._shelf
            if known is None or shelf is None or shelf.epoch != epoch or since < shelf.since:
                shelf = load_shelf(connection, since)
                institutions, agencies = load_institutions(connection), load_agencies(connection)
                issuers = load_issuers(connection)
                regions: frozenset[str] = frozenset(shipped_regions())
                self._records = load_keys(connection)
            else:
                institutions, agencies = dict(known.institutions), dict(known.agencies)
                issuers = dict(known.issuers)
                regions = known.regions
        self._shelf = shelf
        rules = shelf.rules(windows, today)
        return Reference(
            shelf.epoch, rules, institutions, windows, agencies, issuers=issuers, regions=regions
        )


def load_agencies(connection: Connection[TupleRow]) -> dict[str, Agency]:
    """Return every agency by its code."""
    return {row[0]: Agency(*row) for row in connection.execute(_AGENCIES)}


def load_institutions(connection: Connection[TupleRow]) -> dict[str, Institution]:
    """Return every designated institution by its code."""
    return {
        row[0]: Institution(
            code=row[0],
            name=row[1],
            region=RegionCode(row[2]),
            level=row[3],
            deductible_level=row[4],
            kinds=frozenset(row[5]),
            since=row[6],
            until=row[7],
            cross_city_since=row[8],
            cross_city_until=row[9],
            tags=frozenset(row[10]),
        )
        for row in connection.execute(_INSTITUTIONS)
    }
