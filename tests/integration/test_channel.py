"""The lanes' own way to PostgreSQL: binary parameters as the server reads them, errors as told."""

import asyncio
import json
import select
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from switch.store.channel import Channel, Statement
from tests.fix_db import _run

INT = st.integers(-(2**31), 2**31 - 1)
BIGINT = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
BYTEA = st.binary(max_size=40)
DATE = st.dates(date(1, 1, 1), date(9999, 12, 31))
INSTANT = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
SCALARS = {"int": INT, "bigint": BIGINT, "text": TEXT, "bytea": BYTEA, "date": DATE}
SCALARS["timestamptz"] = INSTANT
ELEMENTS = SCALARS


@asynccontextmanager
async def channel(url: str) -> AsyncIterator[Channel]:
    connection = await AsyncConnection.connect(url, autocommit=True, options="-c timezone=UTC")
    async with connection:
        yield Channel(connection)


def selecting(kind: str) -> Statement:
    return Statement(f"select {kind}", "SELECT $1", (kind,))


def comes_back(url: str, kind: str, value: Any) -> Any:
    async def ask() -> Any:
        async with channel(url) as lane:
            statement = selecting(kind)
            (((found,),),) = await lane.run([(statement, statement.parameters([value]))])
            return found

    return asyncio.run(ask())


@pytest.mark.parametrize("kind", SCALARS)
def test_values_arrive_as_they_were_given(server_url: str, kind: str) -> None:
    @settings(max_examples=15, deadline=None)
    @given(SCALARS[kind])
    def arrives(value: Any) -> None:
        assert comes_back(server_url, kind, value) == value

    arrives()


@pytest.mark.parametrize("kind", ELEMENTS)
def test_columns_arrive_as_they_were_given(server_url: str, kind: str) -> None:
    """Empty, with and without NULL, and of one NULL alone."""

    @settings(max_examples=15, deadline=None)
    @given(st.lists(ELEMENTS[kind], max_size=5), st.booleans())
    def arrive(values: list[Any], with_null: bool) -> None:
        sent = [*values, None] if with_null else values
        assert comes_back(server_url, f"{kind}[]", sent) == sent

    arrive()


def test_json_arrives(server_url: str) -> None:
    value = {"330299 FUND": -5, "名": [1, None]}
    assert comes_back(server_url, "jsonb", json.dumps(value, ensure_ascii=False)) == value


def test_a_number_that_does_not_fit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Exception, match="format requires"):
        selecting("int[]").parameters([[2**31]])


async def test_statements_of_one_call_are_one_transaction(empty_database_url: str) -> None:
    """The first is undone with the second, and the channel goes on, both prepared or not."""
    async with channel(empty_database_url) as lane:
        await lane.connection.execute("CREATE TABLE kept (number int)")
        keep = Statement("keep", "INSERT INTO kept SELECT unnest($1)", ("int[]",))
        divide = Statement("divide", "SELECT 1 / $1", ("int",))
        for _ in range(2):
            with pytest.raises(psycopg.errors.DivisionByZero):
                await lane.run(
                    [(keep, keep.parameters([[1, 2]])), (divide, divide.parameters([0]))]
                )
            assert not lane.closed
            assert await lane.run([(divide, divide.parameters([1]))]) == [[(1,)]]
        count = await lane.connection.execute("SELECT count(*) FROM kept")
        assert await count.fetchone() == (0,)


async def test_a_statement_that_cannot_be_prepared_says_so_each_time(server_url: str) -> None:
    async with channel(server_url) as lane:
        wrong = Statement("wrong", "SELECT nothing FROM nowhere", ())
        for _ in range(2):
            with pytest.raises(psycopg.errors.UndefinedTable):
                await lane.run([(wrong, [])])


async def test_more_than_the_socket_takes_arrives_whole(server_url: str) -> None:
    async with channel(server_url) as lane:
        size = Statement("size", "SELECT sum(length(b)) FROM unnest($1) AS b", ("bytea[]",))
        blobs = [bytes(1_000_000)] * 12
        assert await lane.run([(size, size.parameters([blobs]))]) == [[(12_000_000,)]]


async def test_a_broken_connection_is_told_and_never_used_again(
    empty_database_url: str, server_url: str
) -> None:
    async with channel(empty_database_url) as lane:
        sleep = Statement("sleep", "SELECT pg_sleep($1 / 1000.0)::text", ("int",))
        call = asyncio.create_task(lane.run([(sleep, sleep.parameters([5_000]))]))
        await asyncio.sleep(0.1)
        pid = lane.connection.info.backend_pid
        _run(server_url, f"SELECT pg_terminate_backend({pid})")
        with pytest.raises(psycopg.Error) as caught:
            await call
        assert caught.value.sqlstate in {None, "57P01"}
        assert lane.closed


class Dying:
    """Stands before a server on a socket of its own, and on demand dies as a killed one does.

    It leaves what it was sent unread, so that the caller's socket is in error, not only at its end.
    """

    def __init__(self, folder: Path, server: str) -> None:
        self.dying = False
        self._server = server
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / ".s.PGSQL.5432"))
        self._door.listen()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        caller, _ = self._door.accept()
        with self._door, caller, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            while True:
                for one in select.select([caller, server], [], [])[0]:
                    if self.dying:
                        caller.sendall(b"E\0\0\0\x1eSFATAL\0")  # the beginning of a message
                        return
                    (server if one is caller else caller).sendall(one.recv(65_536))


def test_a_server_that_dies_amid_a_message_is_told(server_url: str, tmp_path: Path) -> None:
    """With the loop that serves: it tells of a broken socket once, and never again."""
    at = psycopg.conninfo.conninfo_to_dict(server_url)
    dying = Dying(tmp_path, f"{at['host']}/.s.PGSQL.{at['port']}")
    url = psycopg.conninfo.make_conninfo(server_url, host=str(tmp_path), port=5432)

    async def ask() -> None:
        async with channel(url) as lane:
            assert await lane.ask(selecting("int"), 7) == [(7,)]
            dying.dying = True
            # It is dead before the loop looks: the message and the error are told together.
            asyncio.get_running_loop().call_soon(time.sleep, 0.2)
            async with asyncio.timeout(20):
                with pytest.raises(psycopg.OperationalError):
                    await lane.ask(selecting("text"), "x")
            assert lane.closed

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ask())
    dying.thread.join()


async def test_a_call_given_up_closes_the_channel(server_url: str) -> None:
    """Its answer must not be taken for the next call's."""
    async with channel(server_url) as lane:
        sleep = Statement("sleep", "SELECT pg_sleep($1 / 1000.0)::text", ("int",))
        call = asyncio.create_task(lane.run([(sleep, sleep.parameters([5_000]))]))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert lane.closed


def test_days_and_instants_count_from_2000() -> None:
    """Against the manual's own statement, not against the server."""
    day = selecting("date[]").parameters([[date(2000, 1, 2)]])[0]
    assert day is not None
    assert day[-4:] == (1).to_bytes(4)
    at = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=3)
    assert selecting("timestamptz").parameters([at])[0] == (3).to_bytes(8)
