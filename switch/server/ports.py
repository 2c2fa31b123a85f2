"""What the server needs of the outside beyond `pipeline.ports`; `app` hands it in."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from switch.model.fault import Fault
from switch.model.ids import TerminalId
from switch.model.stages import Authenticated, GetSettlement, Inquiry, Recorded
from switch.security.mac import MacKey
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

    def signin_key(self, terminal_id: str, key_version: int) -> MacKey:
        """Return the key of a terminal's sign-in. Raises: TerminalKeyNotHeld, KeyNotLive."""
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
