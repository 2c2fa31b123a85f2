"""Terminals, a vault, a clock and a store of sessions in memory: the server without a database."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn

from grpc import StatusCode

from switch.model.call import Authenticated
from switch.model.fault import Fault, FaultReason, malformed
from switch.model.ids import InstitutionCode, MemberId, RequestId, SessionId, TerminalId
from switch.model.money import Fen
from switch.model.stages import Cancel, GetSettlement, Inquiry, Original, Recorded, Reverse
from switch.model.terminal import Session, Terminal, TerminalClass
from switch.security import kdf
from switch.security.errors import TerminalKeyNotHeld
from switch.security.mac import MacKey, request_message, signin_message
from switch.security.suite import Suite
from switch.server import rights
from switch.server.handlers import Handlers, build_handlers
from switch.wire import frames
from switch.wire.terminal import SigninReply, SigninRequest

NOW = datetime(2018, 12, 1, 2, 0, 0, tzinfo=UTC)
INSTITUTION = InstitutionCode("H33020000001")


class ManualClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by


class CountedBytes:
    """Bytes that look random, differ each time, and are the same in every run."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, size_bytes: int) -> bytes:
        self._count += 1
        return hashlib.sha256(self._count.to_bytes(8, "big")).digest()[:size_bytes]


def key_of(terminal_id: str, suite: Suite, version: int = 1) -> bytes:
    """Return a terminal's master key in tests."""
    return hashlib.sha256(f"{terminal_id}/{suite}/{version}".encode()).digest()[:16]


class MemoryVault:
    """The two verbs on terminal keys, over keys given in the open."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, int], kdf.DerivationKey] = {}

    def add(self, terminal_id: str, suite: Suite, version: int = 1) -> None:
        key = kdf.DerivationKey(suite, key_of(terminal_id, suite, version))
        self._keys[terminal_id, version] = key

    def signin_key(self, terminal_id: str, key_version: int, *, refusing: bool = False) -> MacKey:
        tmk, context = self._held(terminal_id, key_version)
        return MacKey(tmk.suite, kdf.signin_key(tmk, context))

    def session_key(
        self, terminal_id: str, key_version: int, nonce_t: bytes, nonce_s: bytes, session_id: bytes
    ) -> MacKey:
        tmk, context = self._held(terminal_id, key_version)
        return MacKey(tmk.suite, kdf.session_key(tmk, context, nonce_t, nonce_s, session_id))

    def _held(self, terminal_id: str, version: int) -> tuple[kdf.DerivationKey, bytes]:
        tmk = self._keys.get((terminal_id, version))
        if tmk is None:
            raise TerminalKeyNotHeld(terminal_id)
        return tmk, kdf.signin_context(tmk.suite, version, terminal_id)


class MemorySessions:
    """Terminal and session rows in memory, under the store's own promises; counts its look-ups."""

    def __init__(self) -> None:
        self.terminals: dict[str, Terminal] = {}
        self.rows: dict[bytes, Session] = {}
        self.looked_up = 0
        self.opened = 0

    def register(
        self,
        terminal_id: str,
        suite: Suite,
        *,
        institution: str = INSTITUTION,
        last_day: date | None = None,
        terminal_class: TerminalClass = TerminalClass.INSTITUTION,
    ) -> None:
        self.terminals[terminal_id] = Terminal(
            TerminalId(terminal_id),
            InstitutionCode(institution),
            terminal_class,
            active=True,
            suites={1: (suite, last_day)},
        )

    def end_key(self, terminal_id: str, version: int = 1) -> None:
        """Retire a terminal's key version; its next one is live."""
        known = self.terminals[terminal_id]
        suite, last_day = known.suites[version]
        self.terminals[terminal_id] = replace(
            known, suites={version + 1: (suite, last_day)}, ended={version: suite}
        )

    async def terminal(self, terminal_id: TerminalId) -> Terminal | None:
        self.looked_up += 1
        return self.terminals.get(terminal_id)

    async def open(self, session: Session) -> bool:
        self.opened += 1
        known = [r for r in self.rows.values() if r.terminal_id == session.terminal_id]
        if any(row.nonce_t == session.nonce_t for row in known):
            return False
        self.rows[session.session_id] = session
        live = sorted((r for r in known if r.ended_at is None), key=lambda row: row.opened_at)
        for row in live[: max(len(live) - 7, 0)]:
            await self.end(row.session_id, session.opened_at)
        return True

    async def session(self, session_id: SessionId) -> Session | None:
        self.looked_up += 1
        return self.rows.get(session_id)

    async def end(self, session_id: SessionId, at: datetime) -> None:
        self.rows[session_id] = replace(self.rows[session_id], ended_at=at)


class PlainCodec:
    """A codec whose messages are plain bytes: the server alone is on trial. Frames are real."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.decoded: list[bytes] = []
        self.signed_in: list[SigninReply] = []

    def decode(self, method: str, call: Authenticated) -> Inquiry | Recorded | GetSettlement:
        body = call.received.body
        self.decoded.append(body)
        if body == b"malformed":
            raise malformed("claim.total_fen", "a total is positive")
        if body == b"foreign":
            raise Fault(FaultReason.NOT_PERMITTED, "not of this institution")
        request_id = RequestId(body.decode("latin1"))
        original = Original(request_id, method, MemberId(""), Fen(0))
        kind = method.rpartition("/")[2]
        if kind == "GetSettlement":
            return GetSettlement(call, original)
        if kind == "Cancel":
            return Cancel(call, request_id, original)
        return Reverse(call, request_id, original)

    def frame(self, message: bytes) -> frames.Frame | None:
        return frames.read_frame(message)

    def called(self, body: bytes) -> tuple[str, bytes] | None:
        return frames.called(body)

    def encode_answered(self, answer: frames.Answered) -> bytes:
        return frames.write_answered(answer)

    def decode_signin(self, body: bytes) -> SigninRequest:
        if len(body) != 24:
            raise malformed("nonce_t", "a nonce has 16 bytes")
        sent = datetime.fromtimestamp(int.from_bytes(body[16:], "big"), UTC)
        return SigninRequest(body[:16], sent, "test")

    def encode_signin(self, reply: SigninReply) -> bytes:
        self.signed_in.append(reply)
        return reply.session_id + reply.nonce_s + reply.check

    def encode_sign_out(self, ended_at: datetime) -> bytes:
        return b"out"

    def encode_heartbeat(self, server_time: datetime, expires_at: datetime) -> bytes:
        return b"beat"

    def fault_details(self, fault: Fault, action: str, server_time: datetime, status: int) -> bytes:
        return f"{fault.reason}|{fault.field}|{action}|{server_time.isoformat()}".encode()


class MemoryCounter:
    """Answers with what it was asked; `fails` makes it fail."""

    def __init__(self) -> None:
        self.asked: list[Inquiry | Recorded | GetSettlement] = []
        self.fails: BaseException | None = None

    async def inquire(self, inquiry: Inquiry) -> bytes:
        return await self._answer(inquiry)

    async def post(self, operation: Recorded) -> bytes:
        return await self._answer(operation)

    async def find(self, query: GetSettlement) -> bytes:
        return await self._answer(query)

    async def _answer(self, operation: Inquiry | Recorded | GetSettlement) -> bytes:
        self.asked.append(operation)
        if self.fails is not None:
            raise self.fails
        return b"answer to " + operation.call.received.body


class Aborted(Exception):
    """What a context raises when a call is ended by a status."""


@dataclass
class PlainContext:
    """The parts of a gRPC context that a handler uses."""

    remaining_s: float | None = 5.0
    code: StatusCode = StatusCode.OK
    text: str = ""
    trailing: dict[str, bytes] = field(default_factory=dict)

    def peer(self) -> str:
        return "ipv4:10.0.0.7:51234"

    def time_remaining(self) -> float | None:
        return self.remaining_s

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.trailing = dict(metadata)

    async def abort(
        self, code: StatusCode, text: str, metadata: tuple[tuple[str, bytes], ...] = ()
    ) -> NoReturn:
        self.code, self.text, self.trailing = code, text, dict(metadata)
        raise Aborted


@dataclass
class CallDetails:
    """What gRPC shows a generic handler of a call."""

    method: str
    invocation_metadata: tuple[tuple[str, str | bytes], ...]


@dataclass
class Outcome:
    """How a call ended."""

    reply: bytes | None
    code: StatusCode
    text: str
    trailing: dict[str, bytes]


class Door:
    """A whole server but for the sockets, with terminals T1 (SM4), T2 (AES-128) and T3 (TDES)."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemorySessions()
        self.vault = MemoryVault()
        self.codec = PlainCodec(self.clock)
        self.counter = MemoryCounter()
        self._random_bytes = CountedBytes()
        for suite in Suite:
            self.store.register(f"T{suite}", suite)
            self.vault.add(f"T{suite}", suite)
        self.handlers = self.another_process()

    def another_process(self, **more: Any) -> Handlers:
        """Return a second replica on the same rows."""
        return build_handlers(
            clock=self.clock,
            store=self.store,
            counter=self.counter,
            codec=self.codec,
            vault=self.vault,
            random_bytes=self._random_bytes,
            log_every=1,
            **more,
        )

    async def call(
        self,
        method: str,
        metadata: tuple[tuple[str, str | bytes], ...],
        body: bytes,
        context: PlainContext | None = None,
    ) -> Outcome:
        """Make one call and return how it ended."""
        context = context or PlainContext()
        handler = self.handlers.service(CallDetails(method, metadata))
        assert handler is not None
        reply: bytes | None = None
        with suppress(Aborted):
            reply = await handler.unary_unary(body, context)  # type: ignore[misc, arg-type]
        return Outcome(reply, context.code, context.text, context.trailing)


class Pos:
    """A terminal that signs by hand, so that a test may sign wrongly."""

    def __init__(self, door: Door, suite: Suite) -> None:
        self.door = door
        self.suite = suite
        self.terminal_id = f"T{suite}"
        self.session_id = b""
        self.key = MacKey(suite, bytes(range(16)))
        self.seq = 0
        self.nonces = 0

    def signin_key(self) -> MacKey:
        return self.door.vault.signin_key(self.terminal_id, 1)

    def signin_body(self) -> bytes:
        self.nonces += 1
        sent = int(self.door.clock.now().timestamp())
        return self.nonces.to_bytes(16, "big") + sent.to_bytes(8, "big")

    def signin_metadata(self, body: bytes) -> tuple[tuple[str, str | bytes], ...]:
        message = signin_message(self.terminal_id, self.suite, 1, body)
        return (
            ("x-terminal-id", self.terminal_id),
            ("x-key-version", "1"),
            ("x-mac-bin", self.signin_key().compute(message)),
        )

    async def sign_in(self) -> Outcome:
        body = self.signin_body()
        outcome = await self.door.call(rights.SIGN_IN, self.signin_metadata(body), body)
        if outcome.reply is not None:
            self.session_id, nonce_s = outcome.reply[:16], outcome.reply[16:32]
            self.key = self.door.vault.session_key(
                self.terminal_id, 1, body[:16], nonce_s, self.session_id
            )
            self.seq = 0
        return outcome

    def metadata(
        self, method: str, body: bytes, seq: int | None = None
    ) -> tuple[tuple[str, str | bytes], ...]:
        if seq is None:
            self.seq += 1
            seq = self.seq
        message = request_message(method, self.terminal_id, self.session_id, seq, body)
        return (
            ("x-terminal-id", self.terminal_id),
            ("x-session-bin", self.session_id),
            ("x-seq", str(seq)),
            ("x-mac-bin", self.key.compute(message)),
        )

    async def call(self, method: str, body: bytes, context: PlainContext | None = None) -> Outcome:
        return await self.door.call(method, self.metadata(method, body), body, context)
