"""What the server needs of the outside beyond `pipeline.ports`; `app` hands it in."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol

from switch.clearing.answer import (
    Answer,
    PositionsView,
    Result,
    StatementState,
    StatementView,
    WindowView,
)
from switch.clearing.period import Period
from switch.model.call import Authenticated
from switch.model.fault import Fault
from switch.model.ids import TerminalId
from switch.model.stages import GetSettlement, Inquiry, Recorded
from switch.recon.difference import Difference
from switch.recon.record import Group, Record, Scope, Total
from switch.recon.totals import Balance
from switch.security.mac import MacKey
from switch.wire.frames import Answered, Frame
from switch.wire.terminal import SigninReply, SigninRequest

RandomBytes = Callable[[int], bytes]
"""Return that many unpredictable bytes: `os.urandom`, handed in."""

LoadTerminalKey = Callable[[TerminalId, int], Awaitable[None]]
"""Give the vault a terminal's key record of one version, when there is one."""


async def every_key_is_held(terminal_id: TerminalId, key_version: int) -> None:
    """Load nothing: for a vault that was given every terminal's record at its start."""


class TerminalBook(Protocol):
    """What is kept of terminals beside their sessions."""

    async def note(self, terminal_id: TerminalId, software: str | None, at: datetime) -> None:
        """Note that a terminal was there; `software`: as it said at its sign-in."""
        ...

    async def unlocked_at(self, terminal_id: TerminalId) -> datetime | None:
        """Return when an operator last ended a terminal's lock."""
        ...


class NoBook:
    """Keeps nothing."""

    async def note(self, terminal_id: TerminalId, software: str | None, at: datetime) -> None:
        """Keep nothing."""

    async def unlocked_at(self, _: TerminalId) -> datetime | None:
        """Know of no operator."""
        return None


class TerminalVault(Protocol):
    """The verbs on terminal keys; the keys they return compute and verify, and show nothing."""

    def signin_key(self, terminal_id: str, key_version: int, *, refusing: bool = False) -> MacKey:
        """Return the key of a terminal's sign-in; `refusing`: of one that has ended, to say so.

        Raises: TerminalKeyNotHeld, KeyNotLive.
        """
        ...

    def session_key(
        self, terminal_id: str, key_version: int, nonce_t: bytes, nonce_s: bytes, session_id: bytes
    ) -> MacKey:
        """Return the key of a session. Raises: TerminalKeyNotHeld, KeyNotLive."""
        ...


class ServerCodec(Protocol):
    """Bytes to words and back. Every verb that reads raises Fault MALFORMED, naming the field."""

    def decode(self, method: str, call: Authenticated) -> Inquiry | Recorded | GetSettlement:
        """Return the operation of a SettlementService method. `method` is the whole path."""
        ...

    def frame(self, message: bytes) -> Frame | None:
        """Return the frame in a message of a stream, None when it holds none."""
        ...

    def called(self, body: bytes) -> tuple[str, bytes] | None:
        """Return (whole path, request) of a frame's body, None when it is not in its one form."""
        ...

    def encode_answered(self, answer: Answered) -> bytes:
        """Return the message that answers a frame."""
        ...

    def decode_signin(self, body: bytes) -> SigninRequest:
        """Return what a sign-in says."""
        ...

    def encode_signin(self, reply: SigninReply) -> bytes:
        """Return the reply message of a sign-in."""
        ...

    def encode_sign_out(self, ended_at: datetime) -> bytes:
        """Return the reply message of a sign-out."""
        ...

    def encode_heartbeat(self, server_time: datetime, expires_at: datetime) -> bytes:
        """Return the reply message of a heartbeat."""
        ...

    def fault_details(self, fault: Fault, action: str, server_time: datetime, status: int) -> bytes:
        """Return a `google.rpc.Status` of that gRPC status with its `ErrorInfo`, at most 4 KiB."""
        ...


class Comparing(Protocol):
    """One comparison under way. Its verbs block: they are called in a thread."""

    number: int

    def go_on(
        self, theirs: Sequence[Record], stated: Total | None, *, complete: bool
    ) -> tuple[list[Difference], bool]:
        """Take a piece; return what is known, and whether there is more. Raises: Fault."""
        ...

    def end(self) -> tuple[Balance, int, int]:
        """End it: balance, number of differences, silent settlements. Raises: Fault."""
        ...


class Reconciling(Protocol):
    """What answers ReconciliationService."""

    async def totals(self, scope: Scope) -> Mapping[Group, Total]:
        """Return what each group comes to. Raises: Fault."""
        ...

    def compare(self, scope: Scope) -> AbstractAsyncContextManager[Comparing]:
        """Open a comparison. Raises: Fault."""
        ...

    def standing(
        self, scope: Scope
    ) -> AbstractAsyncContextManager[Iterator[tuple[int, datetime, Difference]]]:
        """Open the list of what stands; it blocks as it is read. Raises: Fault."""
        ...


class Clearing(Protocol):
    """What answers ClearingService."""

    async def window(self, institution: str, day: date | None) -> WindowView:
        """Return a business day of an institution's region, or the open one. Raises: Fault."""
        ...

    async def statement(self, institution: str, month: Period) -> StatementView | None:
        """Return an institution's statement of a month that stands closed. Raises: Fault."""
        ...

    async def answer(
        self, institution: str, answer: Answer, call: Authenticated
    ) -> tuple[Result, StatementState | None]:
        """Take an answer; return what became of it and how the statement stands. Raises: Fault."""
        ...

    async def positions(self, period: Period) -> PositionsView:
        """Return what regions owe each other. Raises: Fault."""
        ...
