"""Terminal and session rows: all that is read before a MAC can be verified.

Cold path: one pooled connection behind a lock; a session is cached by the server for seconds.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from switch.model.ids import InstitutionCode, SessionId, TerminalId
from switch.model.key import KeyState
from switch.model.terminal import Session, Terminal, TerminalClass
from switch.store.connection import connect

LIVE_SESSIONS_MAX: Final = 8
"""Live sessions of one terminal (design section 4); opening one more ends the oldest."""

_TERMINAL: Final = """
SELECT t.terminal_id, t.institution, t.class, t.active,
    (SELECT jsonb_agg(jsonb_build_array(k.version, k.suite, k.ends_on, k.state))
     FROM vault_key k WHERE k.kind = 'terminal' AND k.scope = t.terminal_id)
FROM terminal t WHERE t.terminal_id = %s
"""
_OPEN: Final = """
INSERT INTO session (session_id, terminal_id, institution, class, suite, key_version, nonce_t,
    nonce_s, opened_at, expires_at)
SELECT s.* FROM (VALUES (%s, %s, %s, %s, %s::int, %s::int, %s::bytea, %s::bytea,
    %s::timestamptz, %s::timestamptz))
    AS s(id, terminal, institution, class, suite, version, nonce_t, nonce_s, opened, expires)
WHERE EXISTS (SELECT FROM vault_key k WHERE k.kind = 'terminal' AND k.scope = s.terminal
    AND k.version = s.version AND k.state = 'live')
ON CONFLICT DO NOTHING
"""
_END_OLDEST: Final = """
UPDATE session SET ended_at = %s WHERE session_id IN (
    SELECT session_id FROM session
    WHERE terminal_id = %s AND ended_at IS NULL AND expires_at > %s
    ORDER BY opened_at DESC, session_id OFFSET %s)
"""
_SESSION: Final = """
SELECT session_id, terminal_id, institution, class, suite, key_version, nonce_t, nonce_s,
    opened_at, expires_at, ended_at
FROM session WHERE session_id = %s
"""
_END: Final = "UPDATE session SET ended_at = %s WHERE session_id = %s AND ended_at IS NULL"


class Sessions:
    """The `SessionStore` port on PostgreSQL."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self._url = url
        self._durable = durable
        self._connection: AsyncConnection[TupleRow] | None = None
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def terminal(self, terminal_id: TerminalId) -> Terminal | None:
        """Return a terminal with the suite of each key version that ever lived, or None."""
        row = await self._one(_TERMINAL, (terminal_id,))
        if row is None:
            return None
        suites, ended = {}, {}
        for version, suite, ends_on, state in row[4] or ():
            if state == KeyState.LIVE:
                suites[version] = suite, None if ends_on is None else date.fromisoformat(ends_on)
            elif state != KeyState.PENDING:
                ended[version] = suite
        return Terminal(
            TerminalId(row[0]), InstitutionCode(row[1]), TerminalClass(row[2]), row[3], suites,
            ended,
        )  # fmt: skip

    async def open(self, session: Session) -> bool:
        """Store a session; False when (terminal, nonce_t) was used before, or its key has ended.

        A terminal's row may be believed for a while: what its key may open is asked here.
        """
        async with self._lock:
            connection = await self._connected()
            async with connection.transaction():
                cursor = await connection.execute(
                    _OPEN,
                    (
                        session.session_id, session.terminal_id, session.institution,
                        session.terminal_class.value, session.suite, session.key_version,
                        session.nonce_t, session.nonce_s, session.opened_at, session.expires_at,
                    ),
                )  # fmt: skip
                if cursor.rowcount != 1:
                    return False
                at = session.opened_at
                await connection.execute(
                    _END_OLDEST, (at, session.terminal_id, at, LIVE_SESSIONS_MAX)
                )
        return True

    async def session(self, session_id: SessionId) -> Session | None:
        """Return a session row, ended or not."""
        row = await self._one(_SESSION, (session_id,))
        if row is None:
            return None
        return Session(
            SessionId(bytes(row[0])), TerminalId(row[1]), InstitutionCode(row[2]),
            TerminalClass(row[3]), row[4], row[5], bytes(row[6]), bytes(row[7]), *row[8:11],
        )  # fmt: skip

    async def end(self, session_id: SessionId, at: datetime) -> None:
        """End a session; the posting transaction reads the row, so it ends everywhere at once."""
        async with self._lock:
            connection = await self._connected()
            await connection.execute(_END, (at, session_id))

    async def _one(self, statement: LiteralString, values: Sequence[Any]) -> TupleRow | None:
        async with self._lock:
            connection = await self._connected()
            cursor = await connection.execute(statement, values)
            return await cursor.fetchone()

    async def _connected(self) -> AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, durable=self._durable)
        return self._connection
