"""The table path → handler: every method of the services, and what answers it."""

import asyncio
from datetime import timedelta
from typing import Any, Final

import grpc

from switch.model.stages import GetSettlement, Inquiry, Recorded
from switch.pipeline.ports import Clock, Counter, SessionStore
from switch.server import rights
from switch.server.authenticate import Authenticator, Proven
from switch.server.books import Books, answers_of_books
from switch.server.calllog import CallLog
from switch.server.calls import Answer, Call, Context, Noted, Routes, SigninCall
from switch.server.ports import (
    LoadTerminalKey,
    NoBook,
    RandomBytes,
    ServerCodec,
    TerminalBook,
    TerminalVault,
    every_key_is_held,
)
from switch.server.sessions import Sessions
from switch.server.settle_stream import SettleStreamCall
from switch.server.signin import SESSION_LIFE_MAX, Signin
from switch.server.streams import STREAMS
from switch.server.throttle import Alarms, Pace, Throttle

OURS: Final = "/medswitch.v1."
ECHO_BYTES_MAX: Final = 4_096 + 16
"""A payload of 4 KiB and the bytes that frame it in its message."""


class Handlers(grpc.GenericRpcHandler):
    """Finds the handler of a call. Paths outside our package are gRPC's to refuse."""

    def __init__(self, routes: Routes, books: Books | None = None) -> None:
        self._routes = routes
        self._books = books
        self._echo: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(_echo)

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return what handles one call."""
        method = handler_call_details.method
        if method in self._routes.answers:
            return Call(self._routes, method, handler_call_details.invocation_metadata)
        stream = STREAMS.get(method)
        if stream is not None and self._books is not None:
            metadata = handler_call_details.invocation_metadata
            return stream(self._routes, method, metadata, self._books)
        if method == rights.SETTLE_STREAM:
            return SettleStreamCall(self._routes, method, handler_call_details.invocation_metadata)
        if method == rights.ECHO:
            return self._echo
        if method == rights.SIGN_IN:
            return SigninCall(self._routes, method, handler_call_details.invocation_metadata)
        if method.startswith(OURS):
            # A method of a later version: a terminal that proves itself is told so under a MAC.
            return Call(self._routes, method, handler_call_details.invocation_metadata)
        return None

    @property
    def in_flight(self) -> int:
        """Calls begun and not yet ended."""
        return self._routes.in_flight

    def refuse_new(self) -> None:
        """From now on answer new calls SHUTTING_DOWN."""
        self._routes.draining = True
        if self._routes.in_flight == 0:
            self._routes.idle.set()

    async def finish(self, within_s: float) -> bool:
        """Wait until no call is in flight; False when the time is up before."""
        try:
            await asyncio.wait_for(self._routes.idle.wait(), within_s)
        except TimeoutError:
            return False
        return True


def answers_of(
    codec: ServerCodec,
    counter: Counter,
    authenticator: Authenticator,
    clock: Clock,
    book: TerminalBook,
) -> dict[str, Answer]:
    """Return what answers each method within a session, once the call is proven and permitted."""

    async def inquire(proven: Proven, noted: Noted) -> bytes:
        operation = codec.decode(proven.call.received.method, proven.call)
        if not isinstance(operation, Inquiry):
            raise _misrouted(operation)
        noted(operation.request_id)
        return await counter.inquire(operation)

    async def post(proven: Proven, noted: Noted) -> bytes:
        operation = codec.decode(proven.call.received.method, proven.call)
        if not isinstance(operation, Recorded):
            raise _misrouted(operation)
        noted(operation.request_id)
        return await counter.post(operation)

    async def find(proven: Proven, noted: Noted) -> bytes:
        query = codec.decode(proven.call.received.method, proven.call)
        if not isinstance(query, GetSettlement):
            raise _misrouted(query)
        noted(query.original.request_id)
        return await counter.find(query)

    async def sign_out(proven: Proven, _: Noted) -> bytes:
        reply = codec.encode_sign_out(proven.call.received.received_at)
        await authenticator.end(proven)
        return reply

    async def heartbeat(proven: Proven, _: Noted) -> bytes:
        row = proven.live.row
        await book.note(row.terminal_id, None, proven.call.received.received_at)
        return codec.encode_heartbeat(clock.now(), row.expires_at)

    return {
        rights.READ_MEMBER: inquire,
        rights.PRESETTLE: inquire,
        rights.SETTLE: post,
        rights.CANCEL: post,
        rights.REVERSE: post,
        rights.GET_SETTLEMENT: find,
        rights.FILE: post,
        rights.WITHDRAW: post,
        rights.LIST_FILINGS: inquire,
        rights.REGISTER: post,
        rights.UPDATE: post,
        rights.UPLOAD_LINES: post,
        rights.WITHDRAW_LINES: post,
        rights.DISCHARGE: post,
        rights.CANCEL_VISIT: post,
        rights.GET_VISIT: inquire,
        rights.REPORT_LOST: post,
        rights.CONFIRM_LOST: post,
        rights.RELEASE: post,
        rights.REPLACE: post,
        rights.LOCK_CARD: post,
        rights.UNLOCK_CARD: post,
        rights.GET_CARD: inquire,
        rights.GET_HOLDER: inquire,
        rights.SIGN_OUT: sign_out,
        rights.HEARTBEAT: heartbeat,
    }


def build_handlers(
    *,
    clock: Clock,
    store: SessionStore,
    counter: Counter,
    codec: ServerCodec,
    vault: TerminalVault,
    random_bytes: RandomBytes,
    load_key: LoadTerminalKey = every_key_is_held,
    book: TerminalBook | None = None,
    session_life: timedelta = SESSION_LIFE_MAX,
    books: Books | None = None,
    log_every: int = 0,
    calls_per_s_max: int = 0,
) -> Handlers:
    """Join the parts of the door. `log_every`: 1 tells each call, 100 each hundredth, 0 faults.

    `calls_per_s_max`: of one terminal; 0: no bound.

    `counter.post` must outlive its caller: a call whose deadline passes is cancelled where it
    waits, and the lane goes on.
    """
    throttle = Throttle()
    alarms = Alarms()
    log = CallLog(log_every)
    sessions = Sessions(store, vault, load_key, throttle)
    authenticator = Authenticator(clock, sessions, alarms)
    signin = Signin(clock, sessions, codec, random_bytes, alarms, log, session_life)
    book = book or NoBook()
    answers = answers_of(codec, counter, authenticator, clock, book)
    if books is not None:
        answers |= answers_of_books(books)
    pace = Pace(calls_per_s_max)
    return Handlers(Routes(authenticator, signin, answers, codec, clock, log, book, pace), books)


async def _echo(body: bytes, context: Context) -> bytes:
    """Return the payload: request and reply have one shape, so the bytes go back unparsed."""
    if len(body) > ECHO_BYTES_MAX:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "an echo is at most 4 KiB")
    return body


def _misrouted(operation: object) -> Exception:
    return AssertionError(f"the codec gave {type(operation).__name__} for another method")
