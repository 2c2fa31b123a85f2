"""SettleStream: many requests over one stream, each under a MAC of its own, answered in any order.

```
open (a proven call, empty body) → frame → prove → rights → decode → counter → sign → answer
                                      └ bad: no more is read; what was accepted is answered
```

Source: design, section 4 (Streams).
"""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from time import perf_counter_ns
from typing import Any, Final

from grpc import aio

from switch.model.call import Authenticated, Received
from switch.model.fault import Fault
from switch.model.ids import TerminalId
from switch.security.errors import MacMismatch
from switch.security.mac import frame_message, frame_reply_message
from switch.server import rights
from switch.server.authenticate import Proven
from switch.server.calls import Call, Context, Routes, refuse
from switch.server.proof import MAC_KEY, Refused
from switch.server.status import REFUSED_STATUS, REFUSED_TEXT, STATUS, status_number
from switch.wire.frames import Answered, Frame

FRAMES_MAX: Final = 256
"""Frames of one stream that wait for their answer; the next is read when one is answered."""


class SettleStreamCall(Call):
    """A stream within a session. gRPC awaits `stream_stream`."""

    request_streaming = True
    response_streaming = True

    async def stream_stream(self, _: Any, context: Context) -> None:  # type: ignore[override]
        """Answer every frame of the stream."""
        started_ns = perf_counter_ns()
        proven = await self._prove(b"", context)
        try:
            await self._routes.look_for_unlock(proven)
            self._permit(proven, context)
        except Fault as fault:
            await self._fail(proven, context, fault, started_ns)
        stream = _Stream(self._routes, proven, context)
        try:
            refused = await stream.run()
        except Exception as error:  # noqa: BLE001 - the catch-all: a fixed text
            await refuse(self._routes, self._method, context, error)
        finally:
            stream.end()
        if refused:
            await context.abort(REFUSED_STATUS, REFUSED_TEXT)
        context.set_trailing_metadata(((MAC_KEY, proven.sign(0, b"")),))


class _Stream:
    """What one stream knows: the number that is next, the frames at work, the answers to send."""

    def __init__(self, routes: Routes, opening: Proven, context: Context) -> None:
        self._routes = routes
        self._opening = opening
        self._context = context
        self._next = 1
        self._at_work: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(FRAMES_MAX)
        self._answers: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def run(self) -> bool:
        """Read until the caller ends or a frame is bad, then answer what was accepted.

        Return whether a frame was bad.
        """
        writer = asyncio.create_task(self._write())
        self._at_work.add(writer)
        try:
            refused = await self._read()
            await _all(task for task in self._at_work if task is not writer)
        finally:
            self._answers.put_nowait(None)
        await writer
        return refused

    def end(self) -> None:
        """Give up writing to a caller that is gone. Frames at the counter are decided all the same:
        it outlives its callers.
        """
        for task in self._at_work:
            task.cancel()

    async def _read(self) -> bool:
        context = self._context
        while True:
            await self._room.acquire()
            message: Any = await context.read()
            if message is aio.EOF:
                return False
            started_ns = perf_counter_ns()
            try:
                proven = await self._proven(message)
            except Refused as refused:
                authenticator = self._routes.authenticator
                await authenticator.refused(refused.kind, self._opening, context.peer)
                return True
            task = asyncio.create_task(self._answer(proven, started_ns))
            self._at_work.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        self._room.release()

    async def _proven(self, message: bytes) -> Proven:
        """Return the call in a frame, proven. Raises: Refused."""
        frame = self._routes.codec.frame(message)
        now = self._routes.clock.now()
        if frame is None:
            raise Refused("frame_malformed")
        received = self._opening.call.received
        if frame.n != self._next:
            raise Refused("frame_out_of_turn")
        live = await self._routes.authenticator.still(self._opening, self._context.peer)
        if len(frame.body) > live.body_bytes_max:
            raise Refused("frame_too_large")
        signed = frame_message(
            received.method, received.terminal_id, received.session_id, received.seq, frame.n,
            frame.body,
        )  # fmt: skip
        try:
            live.key.verify(signed, frame.mac)
        except MacMismatch:
            raise Refused("frame_mac_mismatch") from None
        self._next += 1
        return self._call(frame, now)

    def _call(self, frame: Frame, now: datetime) -> Proven:
        called = self._routes.codec.called(frame.body)
        if called is None:
            raise Refused("frame_body_malformed")
        method, request = called
        opening = self._opening.call
        received = Received(
            method, opening.received.terminal_id, opening.received.session_id,
            opening.received.seq, frame.mac, request, now, frame.n,
        )  # fmt: skip
        call = Authenticated(received, opening.institution, opening.terminal_class)
        return Proven(self._opening.live, call)

    async def _answer(self, proven: Proven, started_ns: int) -> None:
        routes, received = self._routes, proven.call.received
        terminal_id: TerminalId = received.terminal_id
        noted: list[str] = []
        routes.begin()
        try:
            await routes.look_for_unlock(proven)
            routes.permit(proven, received.method)
            reply = await routes.answers[received.method](proven, noted.append)
            self._put(received, 0, reply)
            routes.log.answered(received.method, terminal_id, "".join(noted), started_ns)
        except Exception as error:  # noqa: BLE001 - the catch-all: a fixed text
            request_id = "".join(noted)
            fault = routes.fault_of(received.method, request_id, error)
            routes.note_misuse(proven, fault)
            code, action = STATUS[fault.reason]
            status = status_number(code)
            now = routes.clock.now()
            details = routes.codec.fault_details(fault, action.value, now, status)
            self._put(received, status, details)
            routes.log.faulted(received.method, terminal_id, request_id, started_ns, fault)
        finally:
            routes.finish()

    def _put(self, received: Received, status: int, body: bytes) -> None:
        message = frame_reply_message(
            rights.SETTLE_STREAM, received.terminal_id, received.session_id, received.seq,
            received.frame, received.mac, status, body,
        )  # fmt: skip
        mac = self._opening.live.key.compute(message)
        answered = Answered(received.frame, status, body, mac)
        self._answers.put_nowait(self._routes.codec.encode_answered(answered))

    async def _write(self) -> None:
        """Send answers one after the other: gRPC takes one message at a time."""
        while (answer := await self._answers.get()) is not None:
            await self._context.write(answer)


async def _all(tasks: Iterable[asyncio.Task[None]]) -> None:
    if waited := list(tasks):
        await asyncio.wait(waited)
