"""The inquiry window: ReadMember, Presettle and GetSettlement, batched, posting nothing.

A connection of its own, so that reading never waits behind a commit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from switch.model.fault import Fault, FaultReason
from switch.model.stages import GetSettlement, Inquiry
from switch.pipeline.desk import Desk
from switch.pipeline.ports import Clock
from switch.pipeline.suspicion import Suspected
from switch.pipeline.view import Reference, View
from switch.store.postman import Postman, Refused, TryAgain, Unavailable, loaded

log = structlog.get_logger()

QUEUE_MAX: Final = 4_096
BATCH_SIZE_MAX: Final = 256
TRIES_MAX: Final = 3
CANNOT: Final = "the request could not be answered"

_Waiting = tuple[Inquiry | GetSettlement, asyncio.Future[bytes]]


class InquiryWindow:
    """Answers requests that change nothing, many to a read."""

    def __init__(
        self,
        postman: Postman,
        desk: Desk,
        clock: Clock,
        reference: Callable[[], Awaitable[Reference]],
    ) -> None:
        self._postman = postman
        self._desk = desk
        self._clock = clock
        self._reference = reference
        self._queue: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run(), name="inquiries")

    async def stop(self) -> None:
        """Finish what waits and close the connection, even when it is cancelled."""
        self._closing = True
        self._arrived.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            await self._postman.close()

    async def ask(self, inquiry: Inquiry | GetSettlement) -> bytes:
        """Return the reply. Raises: Fault; Suspected when the lane is to decide it."""
        if self._closing:
            raise Fault(FaultReason.SHUTTING_DOWN, "this process is draining")
        if len(self._queue) >= QUEUE_MAX:
            raise Fault(FaultReason.OVERLOADED, f"{QUEUE_MAX} requests wait already")
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._queue.append((inquiry, future))
        self._arrived.set()
        return await future

    async def _run(self) -> None:
        while True:
            if not self._queue:
                if self._closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_SIZE_MAX))]
            batch = [(inquiry, future) for inquiry, future in batch if not future.done()]
            try:
                if batch:
                    await self._answer(batch)
            except Exception:  # the window outlives every surprise; its callers are told
                log.exception("inquiries_failed", requests=len(batch))
                _fail(batch, FaultReason.INTERNAL, CANNOT)

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        for _ in range(TRIES_MAX):
            try:
                reference = await loaded(self._reference)
                view = await self._postman.read(
                    [inquiry for inquiry, _ in batch], reference, self._clock.now()
                )
            except TryAgain:
                continue
            except Unavailable:
                break
            except Refused:
                await self._halve(batch)
                return
            for inquiry, future in batch:
                self._decide(view, inquiry, future)
            return
        _fail(batch, FaultReason.OVERLOADED, "the database does not answer; nothing was done")

    async def _halve(self, batch: Sequence[_Waiting]) -> None:
        """Split a batch that cannot be read until the bad row's own request stands alone."""
        if len(batch) == 1:
            _fail(batch, FaultReason.INTERNAL, CANNOT)
            return
        middle = len(batch) // 2
        await self._answer(batch[:middle])
        await self._answer(batch[middle:])

    def _decide(
        self, view: View, inquiry: Inquiry | GetSettlement, future: asyncio.Future[bytes]
    ) -> None:
        if future.done():
            return
        try:
            future.set_result(self._desk.answer(view, inquiry))
        except (Fault, Suspected) as outcome:
            future.set_exception(outcome)
        except Exception:  # one bad claim must not fail its neighbours
            log.exception("inquiry_failed")
            future.set_exception(Fault(FaultReason.INTERNAL, CANNOT))


def _fail(batch: Sequence[_Waiting], reason: FaultReason, text: str) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(Fault(reason, text))
