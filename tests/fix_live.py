"""A live server on a socket, over the store's real sessions, before a counter kept in memory.

The counter answers as the contract says and posts to a dict: what is on trial is the way between a
terminal and the counter, with everything that can go wrong on it.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from clients.card import IdentityNumber
from clients.link import TerminalIdentity, TlsFiles
from clients.outbox import Outbox
from clients.terminal import TerminalClient
from medswitch.v1 import common_pb2, reply_pb2, settlement_pb2
from switch.app import TerminalKeys
from switch.model.fault import Fault
from switch.model.ids import SocialSecurityNumber, TerminalId
from switch.model.stages import GetSettlement, Inquiry, Presettle, Recorded, Settle, Undo
from switch.security.custody import (
    KekAlgorithm,
    KeyEncryptionKey,
    KeyFunction,
    KeyKind,
    KeySlot,
    KeyState,
    KeyTier,
    wrap,
)
from switch.security.suite import Suite
from switch.security.vault import SoftwareVault
from switch.server import lifecycle
from switch.server.handlers import build_handlers
from switch.store.keys import save_keys
from switch.store.sessions import Sessions
from switch.wire.codec import WireCodec
from tests.fix_server import INSTITUTION, ManualClock, key_of

PATIENT = IdentityNumber(SocialSecurityNumber("330106199001010018"))
MEMBER_ID = "0001000001"
BILL = common_pb2.Claim(
    region_care="330299",
    kind="11",
    service_on="2018-12-01",
    injury_cause=common_pb2.INJURY_CAUSE_NONE,
    total_fen=100,
    lines=[
        common_pb2.FeeLine(
            number=1,
            code="DEMO-1",
            name="a",
            on="2018-12-01",
            quantity_e4=10_000,
            unit_price_e4=10_000,
            amount_fen=100,
        )
    ],
)
T = TypeVar("T")


class BookCounter:
    """Answers and remembers; `before` and `after` run around each posting, to make it go wrong."""

    def __init__(self) -> None:
        self.posted: dict[str, bytes] = {}
        self.undone: dict[str, str] = {}
        self.posts = 0
        self.before: Callable[[Recorded], Coroutine[Any, Any, None]] | None = None
        self.after: Callable[[Recorded], Coroutine[Any, Any, None]] | None = None

    async def inquire(self, inquiry: Inquiry) -> bytes:
        outcome = _outcome(inquiry.request_id)
        if isinstance(inquiry, Presettle):
            return settlement_pb2.PresettleResponse(
                outcome=outcome, member_id=MEMBER_ID, settle_nonce=bytes(16)
            ).SerializeToString()
        return settlement_pb2.ReadMemberResponse(
            outcome=outcome, member=settlement_pb2.Member(member_id=MEMBER_ID)
        ).SerializeToString()

    async def post(self, operation: Recorded) -> bytes:
        self.posts += 1
        if self.before:
            await self.before(operation)
        reply = self._post(operation)
        if self.after:
            await self.after(operation)
        return reply

    async def find(self, query: GetSettlement) -> bytes:
        asked = query.original.request_id
        found = settlement_pb2.GetSettlementResponse(
            outcome=_outcome(asked), state=settlement_pb2.SETTLEMENT_STATE_NEVER_SEEN
        )
        if asked in self.posted:
            found.state = settlement_pb2.SETTLEMENT_STATE_POSTED
            found.settle.ParseFromString(self.posted[asked])
        if asked in self.undone:
            found.state = (
                settlement_pb2.SETTLEMENT_STATE_REVERSED
                if asked in self.posted
                else settlement_pb2.SETTLEMENT_STATE_TOMBSTONE
            )
            found.undone_by = self.undone[asked]
        return found.SerializeToString()

    def _post(self, operation: Recorded) -> bytes:
        if not isinstance(operation, Settle):
            assert isinstance(operation, Undo)
            original = operation.original.request_id
            tombstone = original not in self.posted
            self.undone.setdefault(original, operation.request_id)
            undone = settlement_pb2.Undone(tombstone=tombstone)
            return settlement_pb2.ReverseResponse(
                outcome=_outcome(operation.request_id), undone=undone
            ).SerializeToString()
        request_id = operation.request_id
        if request_id in self.undone:
            return settlement_pb2.SettleResponse(
                outcome=_outcome(request_id, reply_pb2.REPLY_CODE_REVERSED)
            ).SerializeToString()
        split = common_pb2.Split(total_fen=operation.claim.total_fen)
        reply = settlement_pb2.SettleResponse(
            outcome=_outcome(request_id),
            settlement_id="1",
            member_id=MEMBER_ID,
            decision=common_pb2.Decision(split=split),
        )
        return self.posted.setdefault(request_id, reply.SerializeToString())


def _outcome(
    request_id: str, code: reply_pb2.ReplyCode.ValueType = reply_pb2.REPLY_CODE_OK
) -> reply_pb2.Outcome:
    return reply_pb2.Outcome(code=code, request_id=request_id)


class LiveServer:
    """A server in a thread of its own, and terminals T1, T2, T3 of the three suites."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.clock = ManualClock()
        self.counter = BookCounter()
        self._kek = KeyEncryptionKey("kek-1", KekAlgorithm.SM4_GCM, bytes(range(16)))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._store: Sessions | None = None
        self._servers: list[lifecycle.SwitchServer] = []
        self._clients: list[TerminalClient] = []
        self._register()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Future[T]":
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)  # type: ignore[return-value]

    def start(self, limits: lifecycle.ServerLimits | None = None) -> lifecycle.SwitchServer:
        """Start a server on a free port; a second one is a second process in all but memory."""
        return self.run(self._start(limits or _quick_limits()))

    def client(
        self,
        server: lifecycle.SwitchServer,
        suite: Suite = Suite.SM4,
        outbox: Path | str = ":memory:",
        *,
        attempts_max: int = 3,
        timeout_s: float = 5.0,
        tls: TlsFiles | None = None,
    ) -> TerminalClient:
        """Return a terminal's client, closed with the server."""
        made = TerminalClient(
            f"localhost:{server.port}",
            identity_of(suite),
            Outbox(outbox, INSTITUTION, self.clock.now),
            tls=tls,
            now=self.clock.now,
            sleep=lambda _: None,
            timeout_s=timeout_s,
            attempts_max=attempts_max,
        )
        self._clients.append(made)
        return made

    def close(self) -> None:
        """Close clients and servers and end the thread."""
        for client in self._clients:
            client.close()
        for server in self._servers:
            self.run(server.drain())
        if self._store is not None:
            self.run(self._store.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self, limits: lifecycle.ServerLimits) -> lifecycle.SwitchServer:
        self._store = self._store or Sessions(self._url, durable=False)
        vault = SoftwareVault(self._kek, [])
        handlers = build_handlers(
            clock=self.clock,
            store=self._store,
            counter=self.counter,
            codec=WireCodec(),
            vault=vault,
            random_bytes=os.urandom,
            load_key=TerminalKeys(self._url, vault).load,
        )
        server = lifecycle.SwitchServer(limits, handlers)
        await server.start()
        self._servers.append(server)
        return server

    def _register(self) -> None:
        slots = [
            KeySlot(
                f"TMK-T{suite}", KeyKind.TERMINAL, KeyTier.NONE, f"T{suite}",
                KeyFunction.TMK, suite, 1,
            )
            for suite in Suite
        ]  # fmt: skip
        records = [
            wrap(
                self._kek, slot, key_of(slot.scope, slot.suite),
                bytes([slot.suite]) * 12, KeyState.LIVE,
            )
            for slot in slots
        ]  # fmt: skip
        with psycopg.connect(self._url) as connection:
            save_keys(connection, records, ends_on={"TMK-T3": date(2018, 12, 31)})
            connection.cursor().executemany(
                "insert into medswitch.terminal values (%s, %s, 'institution', true)",
                [(slot.scope, INSTITUTION) for slot in slots],
            )


def identity_of(suite: Suite) -> TerminalIdentity:
    """Return a terminal of the live server as its owner knows it."""
    terminal_id = TerminalId(f"T{suite}")
    return TerminalIdentity(terminal_id, INSTITUTION, suite, 1, key_of(terminal_id, suite))


def once(fault: Fault) -> Callable[[Recorded], Coroutine[Any, Any, None]]:
    """Return what fails the first posting and lets the others pass."""
    left = [fault]

    async def fail(_: Recorded) -> None:
        if left:
            raise left.pop()

    return fail


def _quick_limits() -> lifecycle.ServerLimits:
    return lifecycle.ServerLimits(listen="localhost:0", reflection=True, drain_notice_s=0)
