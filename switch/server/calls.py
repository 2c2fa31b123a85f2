"""What happens to a call: prove it, look at the caller's rights, parse, answer, sign the reply.

```
raw bytes → authenticate → rights → decode → counter → sign → reply
    └ refused: fixed text, no MAC        └ fault: status, details, signed
```

One object per call. Every way out that is not a reply goes through `send_fault` or `_refuse`, so
nothing of an unforeseen error's own text reaches a peer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from typing import Final, NoReturn, TypeAlias

import grpc
from grpc import aio

from switch.model.fault import Fault, FaultReason
from switch.pipeline.ports import Clock
from switch.server.authenticate import Authenticator, Proven, TooLarge
from switch.server.calllog import CallLog
from switch.server.ports import ServerCodec, TerminalBook
from switch.server.proof import DETAILS_KEY, MAC_KEY, Metadata, Refused
from switch.server.rights import RIGHTS, Lock
from switch.server.signin import ProvenSignin, Signin
from switch.server.status import (
    INTERNAL_TEXT,
    REFUSED_STATUS,
    REFUSED_TEXT,
    STATUS,
    TOO_LARGE_STATUS,
    TOO_LARGE_TEXT,
    status_number,
)
from switch.server.throttle import Pace

_TEXT_CHARACTERS_MAX: Final = 500

Context: TypeAlias = "aio.ServicerContext[bytes, bytes]"
"""Quoted: generic in its stubs only."""
Sign = Callable[[int, bytes], bytes]
Noted = Callable[[str], None]
Answer = Callable[[Proven, Noted], Awaitable[bytes]]
"""Answer a proven call; tell the request id as soon as it is known, for the log."""


class Routes:
    """What the calls share: who proves them, what answers them, who writes them down."""

    def __init__(
        self,
        authenticator: Authenticator,
        signin: Signin,
        answers: dict[str, Answer],
        codec: ServerCodec,
        clock: Clock,
        log: CallLog,
        book: TerminalBook,
        pace: Pace,
    ) -> None:
        self.authenticator = authenticator
        self.signin = signin
        self.answers = answers
        self.codec = codec
        self.clock = clock
        self.log = log
        self.book = book
        self.pace = pace
        self.lock = Lock()
        self.in_flight = 0
        self.draining = False
        self.idle = asyncio.Event()

    def begin(self) -> None:
        """Count a call in."""
        self.in_flight += 1

    def finish(self) -> None:
        """Count a call out."""
        self.in_flight -= 1
        if self.draining and self.in_flight == 0:
            self.idle.set()

    def refuse_if_draining(self) -> None:
        """Let nothing begin while the process closes. Raises: Fault."""
        if self.draining:
            raise Fault(FaultReason.SHUTTING_DOWN, "this process is closing: retry elsewhere")

    def permit(self, proven: Proven, method: str) -> None:
        """Let through what this caller may do now. Raises: Fault."""
        row = proven.live.row
        self.refuse_if_draining()
        allowed = RIGHTS.get(method)
        if allowed is None:
            raise Fault(FaultReason.UNIMPLEMENTED, "there is no such method here")
        if not self.pace.take(row.terminal_id, proven.call.received.received_at):
            raise Fault(FaultReason.OVERLOADED, "more calls a second than one terminal may make")
        if self.lock.locks(row.terminal_id, proven.call.received.received_at):
            raise Fault(FaultReason.NOT_PERMITTED, "locked for a while after repeated misuse")
        if row.terminal_class not in allowed:
            raise Fault(FaultReason.NOT_PERMITTED, "terminals of this class may not call this")

    def note_misuse(self, proven: Proven, fault: Fault) -> None:
        """Count what a proven caller may not do; a call that the lock itself refused is none."""
        terminal_id = proven.live.row.terminal_id
        now = proven.call.received.received_at
        if fault.reason is FaultReason.NOT_PERMITTED and not self.lock.locks(terminal_id, now):
            self.lock.misused(terminal_id, now)

    async def look_for_unlock(self, proven: Proven) -> None:
        """End a lock that an operator has ended; looked up at most once a second."""
        terminal_id = proven.live.row.terminal_id
        now = proven.call.received.received_at
        if self.lock.locks(terminal_id, now) and self.lock.may_look(terminal_id, now):
            at = await self.book.unlocked_at(terminal_id)
            if at is not None:
                self.lock.forgive(terminal_id, at)

    async def note_signin(self, proven: ProvenSignin, body: bytes) -> None:
        """Write down what a terminal runs; a sign-in that was opened does not fail for it."""
        try:
            software = self.codec.decode_signin(body).software
            await self.book.note(proven.terminal.terminal_id, software, proven.at)
        except Exception as error:  # noqa: BLE001 - a note is not worth a session
            self.log.crashed("note_signin", "", error)

    def fault_of(self, method: str, request_id: str, error: Exception) -> Fault:
        """Return the fault an error is: its own, or the fixed one for what we did not foresee."""
        if isinstance(error, Fault):
            return error
        self.log.crashed(method, request_id, error)
        return Fault(FaultReason.INTERNAL, INTERNAL_TEXT)

    async def send_fault(self, context: Context, fault: Fault, sign: Sign) -> NoReturn:
        """End a proven call in a fault, signed over the exact bytes of its details."""
        code, action = STATUS[fault.reason]
        text = fault.text[:_TEXT_CHARACTERS_MAX]
        status = status_number(code)
        details = self.codec.fault_details(fault, action.value, self.clock.now(), status)
        mac = sign(status, details)
        await context.abort(code, text, ((DETAILS_KEY, details), (MAC_KEY, mac)))


class Call(grpc.RpcMethodHandler):  # type: ignore[type-arg] # generic in its stubs only
    """One call within a session. gRPC reads these attributes of it and awaits `unary_unary`."""

    request_streaming = False
    response_streaming = False
    request_deserializer = None
    response_serializer = None
    unary_stream = None
    stream_unary = None
    stream_stream = None

    def __init__(self, routes: Routes, method: str, metadata: Metadata) -> None:
        self._routes = routes
        self._method = method
        self._metadata = metadata
        self._request_id = ""

    async def unary_unary(self, body: bytes, context: Context) -> bytes:  # type: ignore[override]
        """Answer the call."""
        started_ns = perf_counter_ns()
        routes = self._routes
        routes.begin()
        try:
            proven = await self._prove(body, context)
            try:
                await routes.look_for_unlock(proven)
                self._permit(proven, context)
                answer = routes.answers.get(self._method)
                if answer is None:
                    raise Fault(FaultReason.UNIMPLEMENTED, "this is not served here")  # noqa: TRY301 - answered below, with all others
                reply = await answer(proven, self._note)
            except Exception as error:  # noqa: BLE001 - the catch-all: a fixed text
                await self._fail(proven, context, error, started_ns)
            context.set_trailing_metadata(((MAC_KEY, proven.sign(0, reply)),))
            terminal_id = proven.live.row.terminal_id
            routes.log.answered(self._method, terminal_id, self._request_id, started_ns)
            return reply
        finally:
            routes.finish()

    async def _prove(self, body: bytes, context: Context) -> Proven:
        """Return the call, proven; otherwise it ends here, in a fixed text."""
        routes = self._routes
        try:
            return await routes.authenticator.authenticate(
                self._method, self._metadata, body, context.peer
            )
        except Exception as error:  # noqa: BLE001 - the catch-all: a fixed text
            await refuse(routes, self._method, context, error)

    def _permit(self, proven: Proven, context: Context) -> None:
        """Let through what this caller may do now, in time. Raises: Fault."""
        self._routes.permit(proven, self._method)
        # The stubs forget that a call without a deadline has None.
        remaining_s: float | None = context.time_remaining()
        if remaining_s is not None and remaining_s <= 0:
            raise Fault(FaultReason.TOO_LATE, "the deadline had passed before work began")

    async def _fail(
        self, proven: Proven, context: Context, error: Exception, started_ns: int
    ) -> NoReturn:
        routes = self._routes
        row = proven.live.row
        fault = routes.fault_of(self._method, self._request_id, error)
        routes.note_misuse(proven, fault)
        routes.log.faulted(self._method, row.terminal_id, self._request_id, started_ns, fault)
        await routes.send_fault(context, fault, proven.sign)

    def _note(self, request_id: str) -> None:
        self._request_id = request_id


class SigninCall(Call):
    """A sign-in: proven under the terminal's own key, and answered under it."""

    async def unary_unary(self, body: bytes, context: Context) -> bytes:  # type: ignore[override]
        """Answer the sign-in."""
        started_ns = perf_counter_ns()
        routes = self._routes
        routes.begin()
        try:
            try:
                proven = await routes.signin.prove(self._metadata, body, context.peer)
            except Exception as error:  # noqa: BLE001 - the catch-all: a fixed text
                await refuse(routes, self._method, context, error)
            try:
                routes.refuse_if_draining()
                reply = await routes.signin.open(proven, body, context.peer)
                await routes.note_signin(proven, body)
            except Refused as refused:
                await refuse(routes, self._method, context, refused)
            except Exception as error:  # noqa: BLE001 - the catch-all: a fixed text
                await self._fail_signin(proven, context, error, started_ns)
            context.set_trailing_metadata(((MAC_KEY, proven.sign(0, reply)),))
            return reply
        finally:
            routes.finish()

    async def _fail_signin(
        self, proven: ProvenSignin, context: Context, error: Exception, started_ns: int
    ) -> NoReturn:
        routes = self._routes
        fault = routes.fault_of(self._method, "", error)
        routes.log.faulted(self._method, proven.terminal.terminal_id, "", started_ns, fault)
        await routes.send_fault(context, fault, proven.sign)


async def refuse(routes: Routes, method: str, context: Context, error: Exception) -> NoReturn:
    """End an unproven call: a fixed text, no MAC, no details."""
    if isinstance(error, Refused):
        await context.abort(REFUSED_STATUS, REFUSED_TEXT)
    if isinstance(error, TooLarge):
        await context.abort(TOO_LARGE_STATUS, TOO_LARGE_TEXT)
    routes.log.crashed(method, "", error)
    await context.abort(grpc.StatusCode.INTERNAL, INTERNAL_TEXT)
