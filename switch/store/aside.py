"""A lane and an inquiry window of their own, in a thread: what takes long holds nobody else up.

A settlement by visit may have thirty thousand lines: reading and deciding it takes a second of one
core, and a loop that does nothing else meanwhile answers nobody. Here it is done beside, a few
milliseconds at a time (the interpreter's own switching), while the loop at the door goes on. The
lane is a lane like any other, with a number, batches and seals of its own; versions, not routing,
keep a person correct. The thread begins with the first request that needs it.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import psycopg

from switch.model.fault import Fault, FaultReason
from switch.model.ids import is_visit_id
from switch.model.stages import Inquiry, OnVisits, Presettle, Recorded, Settle
from switch.store.inquiry import InquiryWindow
from switch.store.lane import Lane

T = TypeVar("T")


def is_long(asked: Recorded | Inquiry) -> bool:
    """Say whether a request is about a visit and its lines, and so may take long."""
    if isinstance(asked, Settle | Presettle):
        claim = asked.claim
        return not claim.lines and is_visit_id(claim.visit_id)
    return isinstance(asked, OnVisits)


class Aside:
    """Answers in a thread of its own. `build`: makes lane and window, in that thread's loop."""

    def __init__(self, build: Callable[[], tuple[Lane, InquiryWindow]]) -> None:
        self._build = build
        self._begun: asyncio.Future[tuple[Lane, InquiryWindow]] | None = None
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="aside", daemon=True)

    async def post(self, operation: Recorded) -> bytes:
        """Return the reply to what changes something, after its commit. Raises: Fault."""
        lane, _ = await self._parts()
        return await self._there(lane.post(operation))

    async def inquire(self, inquiry: Inquiry) -> bytes:
        """Return the reply to what changes nothing. Raises: Fault; Suspected, as a window."""
        _, inquiries = await self._parts()
        return await self._there(inquiries.ask(inquiry))

    async def stop(self) -> None:
        """Refuse what comes, finish what waits, and end the thread."""
        self._closing = True
        try:
            if self._begun is not None and not self._begun.cancelled():
                lane, inquiries = await self._begun
                await self._there(lane.stop())
                await self._there(inquiries.stop())
        finally:
            if self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._loop.stop)
                await asyncio.to_thread(self._thread.join)
            self._loop.close()

    async def _parts(self) -> tuple[Lane, InquiryWindow]:
        """Return lane and window, made on first use. Raises: Fault when they cannot be made now."""
        if self._closing:
            raise Fault(FaultReason.SHUTTING_DOWN, "this process is draining")
        if self._begun is None:
            if not self._thread.is_alive():
                self._thread.start()
            self._begun = asyncio.ensure_future(self._there(self._begin()))
        begun = self._begun
        try:
            # One caller who goes away does not take the others' lane along.
            return await asyncio.shield(begun)
        except psycopg.Error as error:
            if self._begun is begun:
                self._begun = None
            raise Fault(
                FaultReason.OVERLOADED, "the database does not answer; nothing was done"
            ) from error

    async def _begin(self) -> tuple[Lane, InquiryWindow]:
        lane, inquiries = await asyncio.to_thread(self._build)
        lane.start()
        inquiries.start()
        return lane, inquiries

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
