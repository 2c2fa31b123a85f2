"""Streams: frames both ways under MACs of their own, and lists whose trailer counts and digests.

The opening call is proven as a unary one with an empty body; then each frame is. A frame that is
not genuine ends the stream without a word; a fault answers its frame and ends it.
Source: design, section 4 (Streams).
"""

import asyncio
from collections.abc import Mapping
from time import perf_counter_ns
from typing import Final

from switch.model.fault import Fault, FaultReason
from switch.recon.record import Scope
from switch.security.errors import MacMismatch
from switch.security.mac import ListDigest, frame_message, frame_reply_message
from switch.server import rights
from switch.server.authenticate import Proven
from switch.server.books import LISTS, Books
from switch.server.calls import Call, Context, Routes, refuse
from switch.server.ports import Comparing
from switch.server.proof import MAC_KEY, Metadata, Refused
from switch.server.status import STATUS, status_number
from switch.wire import reconcile
from switch.wire.reconcile import Frame

IDLE_S: Final = 120.0
"""How long a caller may think between two frames: a comparison holds a connection."""


class FrameDoor:
    """Proves the frames of one stream and signs their answers."""

    def __init__(self, proven: Proven) -> None:
        self._proven = proven
        self._n = 0

    def prove(self, frame: Frame) -> None:
        """Accept exactly the next genuine frame of this stream. Raises: Refused."""
        live, received = self._proven.live, self._proven.call.received
        if frame.n != self._n + 1 or frame.method != received.method:
            raise Refused("frame_out_of_order")
        try:
            live.key.verify(
                frame_message(
                    received.method, received.terminal_id, received.session_id, received.seq,
                    frame.n, frame.body,
                ),
                frame.mac,
            )  # fmt: skip
        except MacMismatch:
            raise Refused("mac_mismatch") from None
        self._n = frame.n

    def sign(self, frame: Frame, status: int, body: bytes) -> bytes:
        """Return the MAC of the answer to a frame."""
        received = self._proven.call.received
        message = frame_reply_message(
            received.method, received.terminal_id, received.session_id, received.seq,
            frame.n, frame.mac, status, body,
        )  # fmt: skip
        return self._proven.live.key.compute(message)


class StreamCall(Call):
    """A call that is no unary one."""

    unary_unary = None  # type: ignore[assignment] # gRPC reads the one attribute of its kind

    def __init__(self, routes: Routes, method: str, metadata: Metadata, books: Books) -> None:
        super().__init__(routes, method, metadata)
        self._books = books


class CompareCall(StreamCall):
    """CompareDetails: frames in, each answered in its turn."""

    request_streaming = True
    response_streaming = True

    async def stream_stream(self, _: object, context: Context) -> None:  # type: ignore[override]
        """Answer the stream."""
        started_ns = perf_counter_ns()
        routes = self._routes
        routes.begin()
        try:
            proven = await self._prove(b"", context)
            try:
                await routes.look_for_unlock(proven)
                self._permit(proven, context)
                await self._compare(proven, context)
            except Refused as refused:
                await routes.authenticator.refused(refused.kind, proven, context.peer)
                await refuse(routes, self._method, context, refused)
            except Exception as error:  # noqa: BLE001 - the catch-all: a fixed text
                await self._fail(proven, context, error, started_ns)
            terminal_id = proven.live.row.terminal_id
            routes.log.answered(self._method, terminal_id, "", started_ns)
        finally:
            routes.finish()

    async def _compare(self, proven: Proven, context: Context) -> None:
        """Open the comparison with the first frame and go on to the empty one."""
        routes, door = self._routes, FrameDoor(proven)
        frame = await _next(routes, door, context, proven)
        if frame is None or not frame.body:
            raise Fault(FaultReason.MALFORMED, "the first frame names the days", "since")
        try:
            piece = reconcile.decode_piece(frame.body, proven.call.institution, None)
        except Fault as fault:
            await _answer_fault(routes, door, context, frame, fault)
            return
        if piece.scope is None:
            raise AssertionError("a first frame opens a scope")
        async with self._books.reconciler.compare(piece.scope) as stand:
            while frame is not None:
                try:
                    body = await self._answer(stand, frame, proven, piece.scope)
                except Fault as fault:
                    await _answer_fault(routes, door, context, frame, fault)
                    return
                await _answer(door, context, frame, 0, body)
                if not frame.body:
                    return
                frame = await _next(routes, door, context, proven)

    async def _answer(self, stand: Comparing, frame: Frame, proven: Proven, scope: Scope) -> bytes:
        if not frame.body:
            balance, differences, silent = await asyncio.to_thread(stand.end)
            return reconcile.encode_summary(balance, differences, silent, stand.number)
        opened = None if frame.n == 1 else scope
        piece = reconcile.decode_piece(frame.body, proven.call.institution, opened)
        found, more = await asyncio.to_thread(
            stand.go_on, piece.records, piece.stated, complete=piece.complete
        )
        return reconcile.encode_findings(found, more=more)


class ListCall(StreamCall):
    """A list: one request, many messages, a trailer that covers them all."""

    response_streaming = True

    async def unary_stream(self, body: bytes, context: Context) -> None:  # type: ignore[override]
        """Answer the list."""
        started_ns = perf_counter_ns()
        routes = self._routes
        routes.begin()
        try:
            proven = await self._prove(body, context)
            digest = ListDigest()
            try:
                await routes.look_for_unlock(proven)
                self._permit(proven, context)
                async with LISTS[self._method](self._books, proven) as messages:
                    while (message := await asyncio.to_thread(next, messages, None)) is not None:
                        digest.add(message)
                        await context.write(message)
            except Exception as error:  # noqa: BLE001 - the catch-all: a fixed text
                await self._fail(proven, context, error, started_ns)
            context.set_trailing_metadata(((MAC_KEY, proven.sign(0, digest.body())),))
            terminal_id = proven.live.row.terminal_id
            routes.log.answered(self._method, terminal_id, "", started_ns)
        finally:
            routes.finish()


STREAMS: Final[Mapping[str, type[StreamCall]]] = {
    rights.COMPARE_DETAILS: CompareCall,
    **dict.fromkeys(LISTS, ListCall),
}


async def _next(routes: Routes, door: FrameDoor, context: Context, proven: Proven) -> Frame | None:
    """Return the next frame, proven; None when the caller hung up. Raises: Refused, Fault."""
    # The stubs forget that a stream ends.
    body: object = await asyncio.wait_for(context.read(), IDLE_S)
    if not isinstance(body, bytes):
        return None
    await routes.authenticator.still(proven, context.peer)
    if len(body) > proven.live.body_bytes_max:
        raise Fault(FaultReason.MALFORMED, "the frame is larger than this terminal may send")
    try:
        frame = reconcile.decode_frame(body)
    except Fault:
        raise Refused("frame_malformed") from None
    door.prove(frame)
    return frame


async def _answer(
    door: FrameDoor, context: Context, frame: Frame, status: int, body: bytes
) -> None:
    mac = door.sign(frame, status, body)
    await context.write(reconcile.encode_frame_reply(frame.n, status, body, mac))


async def _answer_fault(
    routes: Routes, door: FrameDoor, context: Context, frame: Frame, fault: Fault
) -> None:
    code, action = STATUS[fault.reason]
    status = status_number(code)
    details = routes.codec.fault_details(fault, action.value, routes.clock.now(), status)
    await _answer(door, context, frame, status, details)
