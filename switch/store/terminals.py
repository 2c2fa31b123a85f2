"""What is kept of terminals beside their sessions: software, last seen, when a lock was ended."""

import asyncio
from datetime import datetime
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from switch.model.ids import TerminalId
from switch.store.connection import connect

_NOTE: Final = "SELECT note_terminal(%s, %s, %s)"
_UNLOCKED: Final = "SELECT unlocked_at FROM terminal WHERE terminal_id = %s"


class TerminalBook:
    """The `TerminalBook` port on PostgreSQL: one connection behind a lock, for rare calls."""

    def __init__(self, url: str, *, durable: bool = True) -> None:
        self._url = url
        self._durable = durable
        self._connection: AsyncConnection[TupleRow] | None = None
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    async def note(self, terminal_id: TerminalId, software: str | None, at: datetime) -> None:
        """Note that a terminal was there; `software` at a sign-in. Raises: psycopg.Error."""
        async with self._lock:
            connection = await self._connected()
            await connection.execute(_NOTE, (terminal_id, software, at))

    async def unlocked_at(self, terminal_id: TerminalId) -> datetime | None:
        """Return when an operator last ended a terminal's lock. Raises: psycopg.Error."""
        async with self._lock:
            connection = await self._connected()
            cursor = await connection.execute(_UNLOCKED, (terminal_id,))
            row = await cursor.fetchone()
            return None if row is None else row[0]

    async def _connected(self) -> AsyncConnection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(self._url, durable=self._durable)
        return self._connection
