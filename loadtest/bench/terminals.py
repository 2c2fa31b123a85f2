"""Terminals of the benchmark on asyncio: a call costs the client about half of what Locust's does.

Requests are signed before they are measured and replies verified after, so that the measured time
is the switch's, and Echo, which has no MAC, costs the client the same. Every reply is verified.
"""

import asyncio
import os
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from grpc import aio

from clients.card import SoftwareCard
from clients.link import SIGN_IN, TerminalIdentity
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2, terminal_pb2
from switch.model.ids import make_request_id
from switch.security import kdf
from switch.security.card_proof import CardOperation, epoch_ms
from switch.security.mac import (
    MacKey,
    frame_message,
    frame_reply_message,
    reply_message,
    request_message,
    signin_message,
)
from switch.wire.frames import (
    SETTLE_STREAM,
    Frame,
    frame_body,
    read_answered,
    write_frame,
)

PRESETTLE: Final = "/medswitch.v1.SettlementService/Presettle"
SETTLE: Final = "/medswitch.v1.SettlementService/Settle"
ECHO: Final = "/medswitch.v1.TerminalService/Echo"
OK: Final = reply_pb2.REPLY_CODE_OK
CALL_S_MAX: Final = 20.0
_OPTIONS: Final = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
_SEQUENCES: Final = 10_000


class NotGenuine(Exception):
    """A reply whose MAC is not the switch's: the run says nothing."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A request that only has to be sent."""

    method: str
    body: bytes
    seq: int
    mac: bytes
    metadata: tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A settlement that only has to be sent, and the terminal that sends it."""

    terminal: "BenchTerminal"
    body: bytes


class BenchTerminal:
    """A terminal with a connection and a session of its own."""

    def __init__(self, address: str, identity: TerminalIdentity, sequences: range) -> None:
        self.identity = identity
        self._channel = aio.insecure_channel(address, _OPTIONS)
        self._stubs: dict[str, Any] = {}
        self._seq = 0
        self._ids = deque(sequences)
        self._session_id = b""
        self._key: MacKey | None = None

    async def sign_in(self) -> None:
        """Open a session. Raises: grpc.RpcError."""
        who, nonce = self.identity, os.urandom(16)
        body = terminal_pb2.SignInRequest(
            nonce_t=nonce, time_ms=epoch_ms(datetime.now(UTC)), software_version="medswitch-bench"
        ).SerializeToString()
        tmk = kdf.DerivationKey(who.suite, who.master_key)
        context = kdf.signin_context(who.suite, who.key_version, who.terminal_id)
        mac = MacKey(who.suite, kdf.signin_key(tmk, context)).compute(
            signin_message(who.terminal_id, who.suite, who.key_version, body)
        )
        metadata = (
            ("x-terminal-id", who.terminal_id),
            ("x-key-version", str(who.key_version)),
            ("x-mac-bin", mac),
        )
        told = terminal_pb2.SignInResponse.FromString(
            await self._stub(SIGN_IN)(body, metadata=metadata, timeout=CALL_S_MAX)
        )
        key = kdf.session_key(tmk, context, nonce, told.nonce_s, told.session_id)
        self._session_id, self._key = told.session_id, MacKey(who.suite, key)

    @property
    def key(self) -> MacKey:
        """The session's key. Raises: NotGenuine before the sign-in."""
        if self._key is None:
            raise NotGenuine("no session")
        return self._key

    def sign(self, method: str, body: bytes) -> Signed:
        """Return a request, signed under the next sequence number."""
        self._seq += 1
        who = self.identity.terminal_id
        mac = self.key.compute(request_message(method, who, self._session_id, self._seq, body))
        metadata = (
            ("x-terminal-id", who),
            ("x-session-bin", self._session_id),
            ("x-seq", str(self._seq)),
            ("x-mac-bin", mac),
        )
        return Signed(method, body, self._seq, mac, metadata)

    async def send(self, signed: Signed) -> tuple[bytes, bytes]:
        """Return the reply and its MAC, not verified yet. Raises: grpc.RpcError."""
        call = self._stub(signed.method)(signed.body, metadata=signed.metadata, timeout=CALL_S_MAX)
        reply: bytes = await call
        mac = next((v for k, v in await call.trailing_metadata() if k == "x-mac-bin"), b"")
        return reply, mac

    def verify(self, signed: Signed, reply: bytes, mac: bytes) -> None:
        """Accept exactly the switch's reply. Raises: MacMismatch."""
        message = reply_message(
            signed.method, self.identity.terminal_id, self._session_id, signed.seq, signed.mac, 0,
            reply,
        )  # fmt: skip
        self.key.verify(message, mac)

    async def echo(self, payload: bytes) -> None:
        """Send a bare Echo. Raises: grpc.RpcError."""
        await self._stub(ECHO)(payload, timeout=CALL_S_MAX)

    async def prepare(self, claim: common_pb2.Claim, card: SoftwareCard) -> Prepared | None:
        """Presettle and sign a settlement; None when it is declined. Raises: grpc.RpcError."""
        who = self.identity.terminal_id
        asked = settlement_pb2.PresettleRequest(claim=claim)
        asked.claim.request_id = self._request_id()
        asked.evidence.CopyFrom(
            card.prove(CardOperation.PRESETTLE, who, asked.claim.request_id, claim.total_fen)
        )
        signed = self.sign(PRESETTLE, asked.SerializeToString())
        reply, mac = await self.send(signed)
        self.verify(signed, reply, mac)
        shown = settlement_pb2.PresettleResponse.FromString(reply)
        if shown.outcome.code != OK:
            return None
        split = shown.decision.split
        settle = settlement_pb2.SettleRequest(
            claim=claim,
            expected=settlement_pb2.Expected(
                fund_fen=split.fund_fen, account_fen=split.account_fen
            ),
            settle_nonce=shown.settle_nonce,
        )
        settle.claim.request_id = self._request_id()
        settle.evidence.CopyFrom(
            card.sign(
                who, settle.claim.request_id, claim.total_fen, split.fund_fen + split.account_fen,
                datetime.now(UTC), shown.settle_nonce,
            )
        )  # fmt: skip
        return Prepared(self, settle.SerializeToString())

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    def _request_id(self) -> str:
        """Return a new id; a terminal's share of its institution's numbers goes round."""
        self._ids.rotate(-1)
        return make_request_id(self.identity.institution, datetime.now(UTC), self._ids[0])

    def _stub(self, method: str) -> Any:
        stub = self._stubs.get(method)
        if stub is None:
            stub = self._stubs[method] = self._channel.unary_unary(method)
        return stub

    def stream(self) -> "BenchStream":
        """Return a stream that is about to open."""
        signed = self.sign(SETTLE_STREAM, b"")
        call: Any = self._channel.stream_stream(SETTLE_STREAM)(metadata=signed.metadata)
        return BenchStream(call, self.key, self.identity.terminal_id, self._session_id, signed.seq)


class BenchStream:
    """One open stream; frames are signed before they are measured."""

    def __init__(
        self, call: Any, key: MacKey, terminal_id: str, session_id: bytes, seq: int
    ) -> None:
        self._call = call
        self._key = key
        self._named = (SETTLE_STREAM, terminal_id, session_id, seq)
        self._n = 0
        self._macs: dict[int, bytes] = {}

    def sign(self, body: bytes) -> tuple[int, bytes]:
        """Return (number, message) of the next frame: a Settle."""
        self._n += 1
        framed = frame_body("Settle", body)
        mac = self._key.compute(frame_message(*self._named, self._n, framed))
        self._macs[self._n] = mac
        return self._n, write_frame(Frame(self._n, framed, mac))

    async def run(
        self, frames: list[tuple[int, bytes]], at_once: int, clock: Any
    ) -> tuple[list[float], list[bytes]]:
        """Send frames, so many under way at once; return seconds by frame and raw answers."""
        begun: dict[int, float] = {}
        seconds: list[float] = []
        answers: list[bytes] = []
        waiting = iter(frames)
        room = asyncio.Semaphore(at_once)

        async def send() -> None:
            for n, message in waiting:
                await room.acquire()
                begun[n] = clock()
                await self._call.write(message)
            await self._call.done_writing()

        sender = asyncio.create_task(send())
        while (answer := await self._call.read()) is not aio.EOF:
            answers.append(answer)
            seconds.append(clock())
            room.release()
        await sender
        order = [answered.n for answered in map(read_answered, answers) if answered is not None]
        return [done - begun[n] for done, n in zip(seconds, order, strict=True)], answers

    def verified(self, answers: list[bytes]) -> list[bytes]:
        """Return the replies in answers. Raises: MacMismatch, NotGenuine."""
        found = []
        for message in answers:
            answered = read_answered(message)
            if answered is None or answered.status:
                raise NotGenuine(f"an answer of status {answered and answered.status}")
            signed = frame_reply_message(
                *self._named, answered.n, self._macs[answered.n], answered.status, answered.body
            )
            self._key.verify(signed, answered.mac)
            found.append(answered.body)
        return found
