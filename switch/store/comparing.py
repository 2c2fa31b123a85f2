"""The reconciliation desk: comparisons on connections of their own, in threads, bounded.

Reads what the lanes wrote and keeps what was found; posts nothing. Each comparison has one
connection for as long as its caller goes on.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from switch.model.fault import Fault, FaultReason
from switch.pipeline.ports import Clock
from switch.recon.compare import Comparison, OutOfOrder
from switch.recon.difference import Difference, Kind, Repair, judged, needs_standing
from switch.recon.record import Group, Leg, Parts, Record, Scope, Total
from switch.recon.totals import Balance
from switch.store.connection import RUNTIME_ROLE
from switch.store.recon_records import acts, spooled, standings, totals

COMPARISONS_MAX: Final = 8
"""Comparisons at once in one process: each has a connection and, now and then, a thread."""
FOUND_AT_ONCE: Final = 500
STATEMENT_TIMEOUT: Final = "10min"
"""Spooling the acts of a large hospital's quarter is one statement."""
BUSY: Final = f"{COMPARISONS_MAX} comparisons run already; compare later"

W = TypeVar("W")

_BEGIN: Final = "SELECT medswitch.begin_comparison(%s, %s, %s, %s)"
_NOTE: Final = """
SELECT medswitch.note_differences(%s, %s::bigint[], %s::date[], %s::text[],
    %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
    %s::bigint[])
"""
_END: Final = "SELECT medswitch.end_comparison(%s, %s, %s, %s, %s, %s)"
_OPEN: Final = """
SELECT comparison, ended_at, kind, repair, ours, theirs, explains_total_fen, explains_fund_fen,
    explains_account_fen
FROM medswitch.open_difference
WHERE institution = %s AND day BETWEEN %s AND %s ORDER BY comparison, number
"""


class Stand:
    """One comparison under way."""

    def __init__(self, connection: Connection[TupleRow], scope: Scope, clock: Clock) -> None:
        self._connection = connection
        self._scope = scope
        self._clock = clock
        row = connection.execute(
            _BEGIN, (scope.institution, scope.since, scope.until, clock.now())
        ).fetchone()
        self.number: int = 0 if row is None else row[0]
        self._comparison = Comparison(acts(connection, scope))
        self._noted = 0
        self._stated: Total | None = None

    def go_on(
        self, theirs: Sequence[Record], stated: Total | None, *, complete: bool
    ) -> tuple[list[Difference], bool]:
        """Take a piece; return what is known, and whether there is more of it. Raises: Fault."""
        try:
            self._comparison.take(theirs)
        except OutOfOrder as error:
            raise Fault(FaultReason.MALFORMED, f"{error}; send in order", "records") from None
        if stated is not None:
            self._stated = stated
        if complete:
            self._comparison.finish()
        found = self._judged(self._comparison.differences(FOUND_AT_ONCE))
        self._note(found)
        return found, len(found) >= FOUND_AT_ONCE

    def end(self) -> tuple[Balance, int, int]:
        """End it; return the balance, the number of differences and of silent settlements.

        Raises: Fault when the records were not complete.
        """
        compared = self._comparison
        if not compared.is_complete:
            raise Fault(FaultReason.MALFORMED, "the records are not complete", "complete")
        balance = Balance(
            compared.ours_total, compared.theirs_total, self._stated or compared.theirs_total,
            compared.explained,
        )  # fmt: skip
        self._connection.execute(
            _END,
            (
                self.number, self._clock.now(), _total(balance.ours), _total(balance.theirs),
                _parts(balance.remainder), self._noted,
            ),
        )  # fmt: skip
        return balance, self._noted, compared.silent

    def _judged(self, found: list[Difference]) -> list[Difference]:
        doubtful = [one for one in found if needs_standing(one)]
        if not doubtful:
            return found
        known = standings(self._connection, self._scope.institution, doubtful)
        now = self._clock.now()
        better = {
            id(one): judged(one, standing, now)
            for one, standing in zip(doubtful, known, strict=True)
        }
        return [better.get(id(one), one) for one in found]

    def _note(self, found: Sequence[Difference]) -> None:
        if not found:
            return
        rows = [
            (
                number, one.theirs.group.day if one.theirs else one.record.group.day,
                one.kind.value, one.repair.value, _said(one.ours), _said(one.theirs),
                *_parts(one.explains),
            )
            for number, one in enumerate(found, start=self._noted + 1)
        ]  # fmt: skip
        columns = [list(column) for column in zip(*rows, strict=True)]
        self._connection.execute(_NOTE, (self.number, *columns))
        self._noted += len(found)


class Reconciler:
    """What `server` asks for: totals, comparisons, and what stands."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._free = COMPARISONS_MAX

    async def totals(self, scope: Scope) -> Mapping[Group, Total]:
        """Return what each group comes to. Raises: Fault."""
        async with self._connected() as connection:
            return await _patiently(totals, connection, scope)

    @asynccontextmanager
    async def compare(self, scope: Scope) -> AsyncIterator[Stand]:
        """Yield a comparison; its verbs block, and are called in a thread. Raises: Fault."""
        async with self._connected() as connection:
            yield await _patiently(Stand, connection, scope, self._clock)

    @asynccontextmanager
    async def standing(
        self, scope: Scope
    ) -> AsyncIterator[Iterator[tuple[int, datetime, Difference]]]:
        """Yield what stands of a scope: (comparison, its end, difference)."""
        async with self._connected() as connection:
            yield await _patiently(_open, connection, scope)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection[TupleRow]]:
        if self._free == 0:
            raise Fault(FaultReason.OVERLOADED, BUSY)
        self._free -= 1
        try:
            connection = await _patiently(_connect, self._url)
            try:
                yield connection
            finally:
                await asyncio.to_thread(connection.close)
        finally:
            self._free += 1


def _connect(url: str) -> Connection[TupleRow]:
    connection = psycopg.connect(url, autocommit=True)
    connection.execute("SELECT set_config('statement_timeout', %s, false)", (STATEMENT_TIMEOUT,))
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(RUNTIME_ROLE)))
    return connection


async def _patiently(work: Callable[..., W], *arguments: Any) -> W:
    """Run blocking work in a thread. Raises: Fault OVERLOADED when no database answers."""
    try:
        return await asyncio.to_thread(work, *arguments)
    except psycopg.OperationalError as error:
        text = "the database does not answer; nothing was done"
        raise Fault(FaultReason.OVERLOADED, text) from error


def _open(
    connection: Connection[TupleRow], scope: Scope
) -> Iterator[tuple[int, datetime, Difference]]:
    rows = spooled(connection, _OPEN, (scope.institution, scope.since, scope.until))
    return (
        (
            number, at,
            Difference(Kind(kind), Repair(repair), _heard(ours), _heard(theirs),
                Parts(total, fund, account)),
        )
        for number, at, kind, repair, ours, theirs, total, fund, account in rows
    )  # fmt: skip


def _total(total: Total) -> list[int]:
    return [total.count, *_parts(total.parts)]


def _parts(parts: Parts) -> list[int]:
    return [parts.total_fen, parts.fund_fen, parts.account_fen]


def _said(record: Record | None) -> str | None:
    if record is None:
        return None
    group = record.group
    return json.dumps([
        record.settlement, int(record.leg), record.member_id, group.day.isoformat(),
        group.insurance, group.clearing_type, group.region, *_parts(record.parts),
        record.settlement_id, record.act,
    ])  # fmt: skip


def _heard(said: Sequence[Any] | None) -> Record | None:
    if said is None:
        return None
    (settlement, leg, member, day, insurance, clearing, region, total, fund, account, named,
     act) = said  # fmt: skip
    group = Group(datetime.fromisoformat(day).date(), insurance, clearing, region)
    parts = Parts(total, fund, account)
    return Record(settlement, Leg(leg), member, group, parts, named, act)
