"""The lane's connection: reads views, posts batches, and finds out after a lost connection.

It holds what a lane is: its number, the number of its next batch (without gaps; a failed batch's
number is used again) and the seal of the last one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg
import structlog

from switch.model.ids import BATCH_MAX, MemberId
from switch.model.member import Member
from switch.pipeline.ports import Clock
from switch.pipeline.view import Reference, View
from switch.store.channel import Channel, Statement
from switch.store.connection import (
    NotDurable,
    connect,
    exhausted,
    lost,
    number_taken,
    transient,
)
from switch.store.old_books import OldBooks
from switch.store.posting import ARGUMENTS, BatchKey, Decided, Sealer, call
from switch.store.reading import Asked, read

log = structlog.get_logger()

UNDECIDED_AFTER_S: Final = 5.0
RECONNECT_S_MAX: Final = 5.0
RETRY_S: Final = 0.1

# fmt: off
_TYPES: Final = (  # one line a group of columns, as in the function
    "int", "bigint", "bigint", "timestamptz", "text[]", "date[]", "bytea[]", "text[]",
    "int[]", "text[]", "bigint[]", "bigint[]", "bigint[]", "bigint[]", "bigint[]", "text[]",
    "int[]", "text[]", "text[]", "text[]",
    "date[]", "text[]", "int[]", "int[]", "text[]", "text[]", "bytea[]", "bigint[]", "bytea[]",
    "bytea[]", "int[]", "bytea[]", "text[]", "bigint[]", "bigint[]", "date[]", "bigint[]",
    "bytea[]", "text[]", "timestamptz[]",
    "date[]", "bigint[]", "int[]", "text[]", "text[]", "text[]", "text[]", "text[]", "bigint[]",
    "text[]", "text[]", "text[]", "text[]", "bigint[]", "bigint[]", "bigint[]", "text[]",
    "text[]", "date[]", "bigint[]",
    "date[]", "bigint[]", "int[]", "int[]", "text[]", "text[]", "text[]", "bigint[]",
    "date[]", "text[]", "int[]", "text[]", "text[]", "text", "int", "bytea", "jsonb",
)
# fmt: on
POST: Final = psycopg.sql.SQL("SELECT outcome, keys FROM post({})").format(
    psycopg.sql.SQL(", ").join(
        psycopg.sql.SQL("${}::{}").format(psycopg.sql.SQL(str(number)), psycopg.sql.SQL(kind))
        for number, kind in enumerate(_TYPES, start=1)
    )
)
"""The same for who posts through a cursor of psycopg's."""
_POST: Final = Statement(
    "post",
    psycopg.sql.SQL("SELECT outcome, keys FROM post({})")
    .format(
        psycopg.sql.SQL(", ").join(
            psycopg.sql.SQL("${}").format(psycopg.sql.SQL(str(number)))
            for number in range(1, len(_TYPES) + 1)
        )
    )
    .as_string(),
    _TYPES,
)


class TryAgain(Exception):
    """Nothing was posted, for a reason that may have passed: read the batch again."""


class Lost(TryAgain):
    """The same, because the connection broke: smaller batches would fare no better."""


class Unavailable(Exception):
    """The database cannot be reached, or cannot write, and nothing was posted."""


class Refused(Exception):
    """The database refused the batch for a reason of its content."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@dataclass(frozen=True, slots=True)
class PostAnswer:
    """What the posting function said: posted, stale, session, window or epoch; and about whom."""

    outcome: str
    keys: Sequence[str]


class Postman:
    """One connection in the runtime role, reborn as often as it is lost."""

    def __init__(self, url: str, sealer: Sealer, clock: Clock, *, durable: bool = True) -> None:
        self._url = url
        self._sealer = sealer
        self._clock = clock
        self._durable = durable
        self._channel: Channel | None = None
        self._lane = 0
        self._batch = 1
        self._previous = b""
        self._warned = False
        self._old_books = OldBooks()

    async def close(self) -> None:
        """Close the connection; the lane's number is never used again."""
        if self._channel is not None:
            await self._channel.connection.close()
            self._channel = None

    async def next_batch(self) -> tuple[int, int]:
        """Return (lane, number) of the batch to be posted next. Raises: TryAgain, Unavailable."""
        if self._lane == 0 or self._batch > BATCH_MAX:
            await self._be_born()
        return self._lane, self._batch

    async def _be_born(self) -> None:
        """Become a new lane, with a chain of seals of its own."""
        connection = (await self._connected()).connection
        try:
            cursor = await connection.execute("SELECT new_lane(%s)", (self._clock.now(),))
            row = await cursor.fetchone()
        except psycopg.Error as error:
            raise await self._not_posted(error) from error
        if row is None:
            raise TryAgain("no lane")
        self._lane, self._batch, self._previous = row[0], 1, b""

    async def read(self, asked: Sequence[Asked], reference: Reference, now: datetime) -> View:
        """Return the view of a batch. Raises: TryAgain, Unavailable, Refused."""
        channel = await self._connected()
        try:
            return await read(channel, reference, asked, now, self._old_books)
        except psycopg.Error as error:
            raise await self._not_posted(error) from error
        except Exception as error:  # a row that is none is one person's, not his neighbours'
            log.warning("row_unreadable", requests=len(asked), why=repr(error))
            raise Refused("unreadable") from error

    async def post(
        self,
        decided: Sequence[Decided],
        before: Mapping[MemberId, Member],
        epoch: int,
        now: datetime,
        expire: Callable[[], None],
    ) -> PostAnswer:
        """Post a batch and return what became of it; durable when the answer is "posted".

        `expire` is called when it is not known after five seconds whether the batch committed; this
        call goes on until it is. Raises: TryAgain, Unavailable, Refused.
        """
        key = BatchKey(self._lane, self._batch, epoch, now, self._previous)
        try:
            sealed = call(key, decided, before, self._sealer)
            parameters = _POST.parameters(sealed.arguments)
        except Exception as error:  # a claim that cannot be written is not its neighbours' fault
            log.warning("batch_unwritable", requests=len(decided), why=repr(error))
            raise Refused("unwritable") from error
        self._warned = False
        timer = asyncio.get_running_loop().call_later(UNDECIDED_AFTER_S, expire)
        try:
            answer = await self._call(parameters)
        except psycopg.Error as error:
            if not lost(error):
                raise await self._rolled_back(error) from error
            log.warning("connection_lost", lane=self._lane, batch=self._batch)
            if not await self._committed():
                raise Lost("lost") from error
            answer = PostAnswer("posted", ())
        finally:
            timer.cancel()
        if answer.outcome == "posted":
            self._batch += 1
            self._previous = sealed.seal
            if self._warned:
                expire()
        return answer

    async def _rolled_back(self, error: psycopg.Error) -> TryAgain | Unavailable | Refused:
        """Return what an error of the server's own means: the call was rolled back for certain."""
        if number_taken(error):
            # A call given up for lost got through after we had asked. Its requests stand in the
            # register; its seal is not ours to go on from.
            log.warning("lane_reborn", lane=self._lane, batch=self._batch)
            self._lane = 0
            return TryAgain("number taken")
        if transient(error) or exhausted(error):
            return await self._not_posted(error)
        return Refused(error.sqlstate or "")

    async def _not_posted(self, error: psycopg.Error) -> TryAgain | Unavailable:
        """Return what an error means that no posting call can have outlived."""
        if self._channel is None or self._channel.closed:
            return Lost(error.sqlstate or "lost")
        if exhausted(error):
            log.error("database_exhausted", sqlstate=error.sqlstate)
            await self.close()  # the address may lead to a server that can
            return Unavailable(error.sqlstate)
        return TryAgain(error.sqlstate)

    async def _call(self, parameters: list[bytes | None]) -> PostAnswer:
        channel = await self._connected()
        ((row,),) = await channel.run([(_POST, parameters)])
        return PostAnswer(row[0], row[1])

    async def _committed(self) -> bool:
        """Return whether the batch sent on a lost connection committed; asks until it is known.

        The question waits for a call that still runs on the lost connection. One that has not
        begun to run may yet commit; `number_taken` tells when it did.
        """
        while True:
            try:
                connection = (await self._connected()).connection
                cursor = await connection.execute(
                    "SELECT batch_committed(%s, %s)", (self._lane, self._batch)
                )
                row = await cursor.fetchone()
                if row is not None:
                    return bool(row[0])
            except (psycopg.Error, Unavailable) as error:
                log.warning("outcome_unknown", lane=self._lane, why=type(error).__name__)
            await asyncio.sleep(RETRY_S)

    async def _connected(self) -> Channel:
        if self._channel is not None and not self._channel.closed:
            return self._channel
        loop = asyncio.get_running_loop()
        give_up = loop.time() + RECONNECT_S_MAX
        while True:
            try:
                connection = await connect(self._url, durable=self._durable)
            except NotDurable as error:
                log.critical("not_durable", why=str(error))
                raise Unavailable from error
            except psycopg.Error as error:
                if loop.time() > give_up:
                    raise Unavailable from error
                await asyncio.sleep(RETRY_S)
            else:
                connection.add_notice_handler(self._notice)
                self._channel = Channel(connection)
                return self._channel

    def _notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        """Count a call that drew a WARNING as undecided: a standby may not have the commit."""
        if diagnostic.severity_nonlocalized == "WARNING":
            self._warned = True


async def loaded(load: Callable[[], Awaitable[Reference]]) -> Reference:
    """Return the reference data that `load` gives. Raises: Lost, Unavailable."""
    try:
        return await load()
    except psycopg.Error as error:
        raise Lost(error.sqlstate or "lost") from error
    except Exception as error:  # nothing can be decided until somebody mends it
        log.exception("reference_unreadable")
        raise Unavailable from error


if len(_TYPES) != ARGUMENTS:
    raise AssertionError(f"{len(_TYPES)} types for {ARGUMENTS} parameters")
