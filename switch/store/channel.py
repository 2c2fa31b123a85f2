"""Prepared statements on one connection, sent together and answered together: one round trip.

A lane sends the same few statements for ever. Through cursors each batch paid some 700 us for
adapting, waiting and accounting that never came to another result; here a statement is a name, its
parameters are bytes, and the connection is waited for once.
Source: libpq, "Pipeline Mode".
"""

import asyncio
import select
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncConnection, OperationalError, errors, pq
from psycopg.adapt import Transformer
from psycopg.rows import TupleRow

from switch.store.arrays import KINDS

_GOOD: Final = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, `$1` and on for its parameters, and the SQL names of their types."""

    name: str
    text: str
    kinds: tuple[str, ...]

    def parameters(self, values: Sequence[Any]) -> list[bytes | None]:
        """Return values as the server reads them. Raises: as `KINDS`, and for their number."""
        pairs = zip(self.kinds, values, strict=True)
        return [None if value is None else KINDS[kind].encode(value) for kind, value in pairs]


Call = tuple[Statement, list[bytes | None]]


class Channel:
    """Runs statements on a connection in autocommit. One call at a time."""

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self.connection = connection
        self._pgconn = connection.pgconn
        self._prepared: set[str] = set()

    @property
    def closed(self) -> bool:
        """Whether the connection is of no more use."""
        return self.connection.closed

    async def ask(self, statement: Statement, *values: Any) -> list[TupleRow]:
        """Return the rows of one statement. Raises: as `run` and `Statement.parameters`."""
        return (await self.run(((statement, statement.parameters(values)),)))[0]

    async def run(self, calls: Sequence[Call]) -> list[list[TupleRow]]:
        """Return the rows of each statement, all of one transaction.

        Raises: psycopg.Error; what was sent is rolled back when it carries an `sqlstate`.
        """
        pgconn = self._pgconn
        try:
            pgconn.enter_pipeline_mode()
            sent = self._send(calls)
            results = await self._results()
            pgconn.exit_pipeline_mode()
        except BaseException:
            # Whatever is still to come would be taken for the next call's answer.
            pgconn.finish()
            raise
        rows: list[list[TupleRow]] = []
        for prepared, result in zip(sent, results, strict=False):
            if result.status not in _GOOD:
                raise errors.error_from_result(result, self.connection.info.encoding)
            if prepared:
                self._prepared.add(prepared)
            else:
                rows.append(self._rows(result))
        return rows

    def _send(self, calls: Sequence[Call]) -> list[str]:
        """Queue the statements, each behind its preparation where there was none yet.

        Return the name each result will have prepared, "" for a statement's own.
        """
        pgconn = self._pgconn
        sent: list[str] = []
        for statement, parameters in calls:
            name = statement.name.encode()
            if statement.name not in self._prepared and statement.name not in sent:
                oids = [KINDS[kind].oid for kind in statement.kinds]
                pgconn.send_prepare(name, statement.text.encode(), oids)
                sent.append(statement.name)
            pgconn.send_query_prepared(name, parameters, [1] * len(parameters), 0)
            sent.append("")
        pgconn.pipeline_sync()
        return sent

    async def _results(self) -> list[pq.abc.PGresult]:
        """Return the results up to the end of the pipeline, or up to the first that failed."""
        loop = asyncio.get_running_loop()
        pgconn = self._pgconn
        ready = asyncio.Event()
        socket = pgconn.socket
        loop.add_reader(socket, ready.set)
        found: list[pq.abc.PGresult] = []
        woken = False
        try:
            # A large batch may find the socket full; what the server says meanwhile is taken in.
            while pgconn.flush():
                loop.add_writer(socket, ready.set)
                await ready.wait()
                ready.clear()
                loop.remove_writer(socket)
                woken = True
                pgconn.consume_input()
            while True:
                while pgconn.is_busy():
                    # uvloop tells of a broken socket once: what is left is read without waiting.
                    if not woken or not _hung_up(socket):
                        await ready.wait()
                        ready.clear()
                    woken = True
                    pgconn.consume_input()
                result = pgconn.get_result()
                if result is None:  # between two statements
                    if pgconn.status == pq.ConnStatus.BAD:
                        raise OperationalError("the connection is lost")
                elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                    return found
                elif pgconn.status == pq.ConnStatus.BAD:
                    raise errors.error_from_result(result, self.connection.info.encoding)
                elif result.status != pq.ExecStatus.PIPELINE_ABORTED:
                    found.append(result)
        finally:
            loop.remove_reader(socket)

    def _rows(self, result: pq.abc.PGresult) -> list[TupleRow]:
        transformer = Transformer(self.connection)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)


def _hung_up(socket: int) -> bool:
    """Say whether the other end is gone; what it sent before may still be read."""
    poll = select.poll()
    poll.register(socket, 0)  # errors and hang-ups are told always
    return bool(poll.poll(0))
