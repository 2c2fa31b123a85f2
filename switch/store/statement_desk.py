"""Statements and windows for terminals: read on connections of their own, answered under a seal."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final, TypeVar

import psycopg
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from switch.clearing.answer import (
    Answer,
    Head,
    PositionsView,
    Result,
    StatementState,
    StatementView,
    WindowView,
    judge,
    same,
)
from switch.clearing.netting import dues, settle
from switch.clearing.period import Kind, Period, cut_off_of
from switch.clearing.statement import Line
from switch.model.call import Authenticated
from switch.model.fault import Fault, FaultReason
from switch.model.ids import RegionCode
from switch.pipeline.ports import Clock
from switch.store import clearing_acts
from switch.store.connection import RUNTIME_ROLE
from switch.store.cut_offs import cut_off_minutes
from switch.store.flows import load_flows, shipped_clearing_policy
from switch.store.posting import Sealer

DESKS_MAX: Final = 16
"""Questions at once in one process: each has a connection and a thread while it is answered."""

W = TypeVar("W")

_REGION: Final = "SELECT region FROM medswitch.institution WHERE code = %s"
_WINDOW: Final = """
SELECT w.day, w.closed_at,
    EXISTS (SELECT FROM medswitch.closing c WHERE c.region = w.book AND c.kind = 'day'
        AND c.since = w.day AND c.reopened_at IS NULL),
    EXISTS (SELECT FROM medswitch.closing c WHERE c.region = w.book AND c.kind = 'month'
        AND c.since = date_trunc('month', w.day)::date AND c.reopened_at IS NULL)
FROM medswitch.clearing_window w
WHERE w.book = %s AND (w.day = %s OR (%s::date IS NULL AND w.closed_at IS NULL))
"""
_HEAD: Final = """
SELECT s.region, s.version, s.fund_fen, s.account_fen, s.rate_bp, s.withheld_fen, s.payable_fen,
    s.state, s.digest, s.line, s.reason
FROM medswitch.statement s
JOIN medswitch.closing c ON c.region = s.region AND c.kind = 'month' AND c.since = s.since
    AND c.version = s.version AND c.reopened_at IS NULL
WHERE s.institution = %s AND s.since = %s
"""
_LINES: Final = """
SELECT region_insured, insurance, clearing_type, payer, settlements, amount_fen
FROM medswitch.statement_line
WHERE region = %s AND since = %s AND version = %s AND institution = %s ORDER BY number
"""
_ANSWER: Final = """
SELECT medswitch.answer_statement(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


class StatementDesk:
    """What answers ClearingService."""

    def __init__(self, url: str, sealer: Sealer, clock: Clock) -> None:
        self._url = url
        self._sealer = sealer
        self._clock = clock
        self._free = DESKS_MAX

    async def window(self, institution: str, day: date | None) -> WindowView:
        """Return a business day of an institution's region, or the open one. Raises: Fault."""
        return await self._ask(lambda conn: _window(conn, institution, day, self._clock.now()))

    async def statement(self, institution: str, month: Period) -> StatementView | None:
        """Return an institution's statement of a month that stands closed. Raises: Fault."""
        return await self._ask(lambda conn: _statement(conn, institution, month))

    async def answer(
        self, institution: str, answer: Answer, call: Authenticated
    ) -> tuple[Result, StatementState | None]:
        """Take an answer; return what became of it and how the statement stands. Raises: Fault."""
        return await self._ask(lambda conn: self._answer(conn, institution, answer, call))

    async def positions(self, period: Period) -> PositionsView:
        """Return what regions owe each other. Raises: Fault."""
        return await self._ask(lambda conn: _positions(conn, period))

    async def _ask(self, work: Callable[[Connection[TupleRow]], W]) -> W:
        if self._free == 0:
            raise Fault(FaultReason.OVERLOADED, f"{DESKS_MAX} questions are answered already")
        self._free -= 1
        try:
            return await asyncio.to_thread(self._connected, work)
        except psycopg.OperationalError as error:
            text = "the database does not answer; nothing was done"
            raise Fault(FaultReason.OVERLOADED, text) from error
        finally:
            self._free += 1

    def _connected(self, work: Callable[[Connection[TupleRow]], W]) -> W:
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute("SET statement_timeout = '60s'")
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(RUNTIME_ROLE)))
            return work(connection)

    def _answer(
        self, conn: Connection[TupleRow], institution: str, answer: Answer, call: Authenticated
    ) -> tuple[Result, StatementState | None]:
        with conn.transaction():
            clearing_acts.lock(conn)
            head = _head(conn, institution, answer.period)
            result = judge(head, answer)
            if head is None or result is not Result.TAKEN or same(head, answer):
                return result, None if head is None else head.state
            act = clearing_acts.next_act(
                conn, self._sealer, _content(institution, head, answer, call)
            )
            conn.execute(
                _ANSWER,
                (
                    act.number, act.body, act.seal_version, act.seal, head.region,
                    answer.period.since, answer.version, institution, answer.state,
                    answer.reason, answer.line, call.received.received_at,
                ),
            )  # fmt: skip
            return Result.TAKEN, answer.state


def _content(institution: str, head: Head, answer: Answer, call: Authenticated) -> dict[str, Any]:
    """Return an answer as its act says it, with the evidence: the bytes and their MAC."""
    received = call.received
    return {
        "act": "answer", "region": head.region, "since": answer.period.since.isoformat(),
        "version": answer.version, "institution": institution, "state": answer.state.value,
        "line": answer.line, "reason": answer.reason, "digest": answer.digest.hex(),
        "request_id": answer.request_id, "terminal": received.terminal_id,
        "session": received.session_id.hex(), "seq": received.seq, "mac": received.mac.hex(),
        "body": received.body.hex(), "at": received.received_at.isoformat(),
    }  # fmt: skip


def _window(
    conn: Connection[TupleRow], institution: str, day: date | None, now: datetime
) -> WindowView:
    found = conn.execute(_REGION, (institution,)).fetchone()
    region = "" if found is None else found[0]
    row = conn.execute(_WINDOW, (region, day, day)).fetchone()
    on, closed_at, day_closed, month_closed = row or (day or now.date(), None, False, False)
    cut_off = cut_off_of(on, cut_off_minutes(conn, region, on))
    return WindowView(region, on, row is not None, cut_off, closed_at, day_closed, month_closed)


def _statement(conn: Connection[TupleRow], institution: str, month: Period) -> StatementView | None:
    head = _head(conn, institution, month)
    if head is None:
        return None
    return StatementView(head, _lines(conn, institution, head))


def _head(conn: Connection[TupleRow], institution: str, month: Period) -> Head | None:
    if month.kind is not Kind.MONTH:
        return None
    row = conn.execute(_HEAD, (institution, month.since)).fetchone()
    if row is None:
        return None
    region, version, fund, account, rate, withheld, payable, state, digest, line, reason = row
    bare = Head(
        RegionCode(region), month, version, fund, account, rate, withheld, payable,
        StatementState(state), digest, 0, line, reason,
    )  # fmt: skip
    count = len(_lines(conn, institution, bare))
    return Head(
        bare.region, month, version, fund, account, rate, withheld, payable, bare.state, digest,
        count, line, reason,
    )  # fmt: skip


def _lines(conn: Connection[TupleRow], institution: str, head: Head) -> list[Line]:
    place = (head.region, head.period.since, head.version, institution)
    return [Line(*row) for row in conn.execute(_LINES, place)]


def _positions(conn: Connection[TupleRow], period: Period) -> PositionsView:
    owed = dues(load_flows(conn, period.since, period.until))
    how = shipped_clearing_policy().netting(period.until)
    return PositionsView(owed, how.mode, settle(owed, how.mode, how.hub))
