"""The signed link: a session, its rising sequence, the MAC of each request and of each reply.

A reply returned here was made by the switch, for this very request. Whatever else happens (no
reply, a reply whose MAC is missing or wrong, an error of gRPC) is `Unproven`: the outcome is not
known.
Source: design, section 4.
"""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import grpc

from medswitch.v1 import terminal_pb2
from switch.model.ids import InstitutionCode, TerminalId
from switch.security import kdf
from switch.security.card_proof import epoch_ms
from switch.security.errors import MacMismatch
from switch.security.mac import (
    MacKey,
    reply_message,
    request_message,
    signin_message,
    signin_reply_message,
    verify_session_check,
)
from switch.security.suite import Suite

SIGN_IN: Final = "/medswitch.v1.TerminalService/SignIn"
SOFTWARE: Final = "medswitch-python 0.1"
_MAC_KEY: Final = "x-mac-bin"
_DETAILS_KEY: Final = "grpc-status-details-bin"
_NONCE_BYTES: Final = 16

_OPTIONS: Final = [
    # A retry is a new sequence number with the same request id: ours to make, not gRPC's.
    ("grpc.enable_retries", 0),
    # A settlement by visit says how each of its lines came out: a mebibyte for twelve thousand.
    ("grpc.max_receive_message_length", 2**24),
    # One connection per client, so that many clients in one process are many terminals.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
]


@dataclass(frozen=True, slots=True, repr=False)
class TerminalIdentity:
    """Who a terminal is, and the master key an operator loaded into it."""

    terminal_id: TerminalId
    institution: InstitutionCode
    suite: Suite
    key_version: int
    master_key: bytes

    def __repr__(self) -> str:
        return f"TerminalIdentity({self.terminal_id}, {self.suite.name}, key hidden)"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: whom to trust and, for mutual TLS, what to show."""

    authorities: Path
    certificate: Path | None = None
    private_key: Path | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """Return the channel's credentials. Raises: OSError naming a file that cannot be read."""
        return grpc.ssl_channel_credentials(
            root_certificates=self.authorities.read_bytes(),
            private_key=self.private_key.read_bytes() if self.private_key else None,
            certificate_chain=self.certificate.read_bytes() if self.certificate else None,
        )


class Reply(NamedTuple):
    """A proven reply: status 0 and the reply message, or another status and a fault's details."""

    status: int
    body: bytes


class Opened(NamedTuple):
    """A stream that may be opened: its session, the sequence number it uses, and how."""

    terminal_id: str
    session_id: bytes
    key: MacKey
    seq: int
    stream: Callable[[Iterator[bytes]], Any]


class Unproven(Exception):
    """No proven reply. Whatever was sent may have been carried out, whatever the status says."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no proven reply ({why}): the outcome is not known")
        self.why = why


class SessionRefused(Unproven):
    """The switch, or somebody in its name, refused the session: sign in again."""


class _Session:
    """A session's id and key, and its rising sequence."""

    __slots__ = ("_lock", "_seq", "expires_at_ms", "key", "session_id")

    def __init__(self, session_id: bytes, key: MacKey, expires_at_ms: int) -> None:
        self.session_id = session_id
        self.key = key
        self.expires_at_ms = expires_at_ms
        self._seq = 0
        self._lock = threading.Lock()

    def next_seq(self) -> int:
        with self._lock:
            self._seq += 1
            return self._seq


class Link:
    """A terminal's connection. Safe to use from several threads."""

    def __init__(
        self,
        address: str,
        identity: TerminalIdentity,
        now: Callable[[], datetime],
        tls: TlsFiles | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.identity = identity
        self._address = address
        self._now = now
        self._random_bytes = random_bytes
        self._channel = (
            grpc.insecure_channel(address, _OPTIONS)
            if tls is None
            else grpc.secure_channel(address, tls.credentials(), _OPTIONS)
        )
        self._stubs: dict[str, Any] = {}
        self._session: _Session | None = None
        self._lock = threading.Lock()

    def call(self, method: str, body: bytes, timeout_s: float) -> Reply:
        """Send one signed request, once, and return its proven reply.

        Signs in first when there is no session. Raises: Unproven, SessionRefused; as `sign_in`.
        """
        session = self._live(timeout_s)
        terminal_id = self.identity.terminal_id
        seq, mac, metadata = self._signed(session, method, body)
        status, answer, reply_mac = self._send(method, body, metadata, timeout_s)
        message = reply_message(method, terminal_id, session.session_id, seq, mac, status, answer)
        try:
            session.key.verify(message, reply_mac)
        except MacMismatch:
            if status == grpc.StatusCode.UNAUTHENTICATED.value[0]:
                self._forget(session)
                raise SessionRefused("session refused") from None
            raise Unproven(f"{_named(status)} without a valid MAC") from None
        return Reply(status, answer)

    def open(self, method: str, timeout_s: float) -> Opened:
        """Return a stream that may be opened, as a call with an empty body.

        Signs in first when there is no session. Raises: Unproven, SessionRefused; as `sign_in`.
        """
        session = self._live(timeout_s)
        seq, _, metadata = self._signed(session, method, b"")
        stub: Any = self._channel.stream_stream(method)

        def stream(frames: Iterator[bytes]) -> Any:
            return stub(frames, metadata=metadata, timeout=timeout_s)

        return Opened(self.identity.terminal_id, session.session_id, session.key, seq, stream)

    def sign_in(self, timeout_s: float) -> None:
        """Open a new session. Raises: Unproven, SessionRefused, SigninFault."""
        self._renew(self._session, timeout_s)

    def forget_session(self) -> None:
        """Drop the session: the next call signs in."""
        self._session = None

    def echo(self, body: bytes, timeout_s: float) -> bytes:
        """Send an unsigned Echo. Raises: grpc.RpcError."""
        stub = self._stub("/medswitch.v1.TerminalService/Echo")
        reply: bytes = stub(body, timeout=timeout_s)
        return reply

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _live(self, timeout_s: float) -> _Session:
        session = self._session
        if session is None or epoch_ms(self._now()) >= session.expires_at_ms:
            session = self._renew(session, timeout_s)
        return session

    def _signed(
        self, session: _Session, method: str, body: bytes
    ) -> tuple[int, bytes, tuple[tuple[str, str | bytes], ...]]:
        """Return (sequence number, MAC, metadata) of one request."""
        terminal_id = self.identity.terminal_id
        seq = session.next_seq()
        mac = session.key.compute(
            request_message(method, terminal_id, session.session_id, seq, body)
        )
        metadata = (
            ("x-terminal-id", terminal_id),
            ("x-session-bin", session.session_id),
            ("x-seq", str(seq)),
            (_MAC_KEY, mac),
        )
        return seq, mac, metadata

    def _renew(self, stale: _Session | None, timeout_s: float) -> _Session:
        with self._lock:
            # Another thread may have signed in while this one waited.
            if self._session is None or self._session is stale:
                self._session = self._sign_in(timeout_s)
            return self._session

    def _forget(self, session: _Session) -> None:
        with self._lock:
            if self._session is session:
                self._session = None

    def _sign_in(self, timeout_s: float) -> _Session:
        who = self.identity
        nonce_t = self._random_bytes(_NONCE_BYTES)
        request = terminal_pb2.SignInRequest(
            nonce_t=nonce_t, time_ms=epoch_ms(self._now()), software_version=SOFTWARE
        )
        body = request.SerializeToString()
        tmk = kdf.DerivationKey(who.suite, who.master_key)
        context = kdf.signin_context(who.suite, who.key_version, who.terminal_id)
        key = MacKey(who.suite, kdf.signin_key(tmk, context))
        mac = key.compute(signin_message(who.terminal_id, who.suite, who.key_version, body))
        metadata = (
            ("x-terminal-id", who.terminal_id),
            ("x-key-version", str(who.key_version)),
            (_MAC_KEY, mac),
        )
        status, answer, reply_mac = self._send(SIGN_IN, body, metadata, timeout_s)
        try:
            key.verify(signin_reply_message(who.terminal_id, mac, status, answer), reply_mac)
        except MacMismatch:
            why = f"sign-in at {self._address} ended with {_named(status)}, without a valid MAC"
            raise SessionRefused(why) from None
        if status != 0:
            raise SigninFault(answer)
        told = terminal_pb2.SignInResponse.FromString(answer)
        session_key = MacKey(
            who.suite, kdf.session_key(tmk, context, nonce_t, told.nonce_s, told.session_id)
        )
        try:
            verify_session_check(session_key, told.session_id, told.check)
        except MacMismatch:
            raise SessionRefused("the switch derived another session key") from None
        return _Session(told.session_id, session_key, told.expires_at_ms)

    def _send(
        self,
        method: str,
        body: bytes,
        metadata: tuple[tuple[str, str | bytes], ...],
        timeout_s: float,
    ) -> tuple[int, bytes, bytes]:
        """Return (status, signed body, MAC or b"") of one attempt."""
        try:
            answer, call = self._stub(method).with_call(body, timeout=timeout_s, metadata=metadata)
        except grpc.RpcError as error:
            trailing = _trailing(error)
            number: int = error.code().value[0]
            return number, trailing.get(_DETAILS_KEY, b""), trailing.get(_MAC_KEY, b"")
        return 0, answer, _trailing(call).get(_MAC_KEY, b"")

    def _stub(self, method: str) -> Any:
        stub = self._stubs.get(method)
        if stub is None:
            # No serialisers: the bytes that are signed are the bytes that are sent.
            stub = self._stubs[method] = self._channel.unary_unary(method)
        return stub


class SigninFault(Exception):
    """The switch proved itself and said why there is no session, in a google.rpc.Status."""

    def __init__(self, details: bytes) -> None:
        super().__init__("sign-in was answered by a fault")
        self.details = details


def _named(status: int) -> str:
    """Return a gRPC status for people; UNAVAILABLE most often means that nobody listens there."""
    names = {code.value[0]: code.name for code in grpc.StatusCode}
    return f"status {names.get(status, status)}"


def _trailing(call: Any) -> dict[str, bytes]:
    """Return the binary trailing metadata; a doubled key proves nothing and is dropped."""
    found: dict[str, bytes] = {}
    doubled: set[str] = set()
    for key, value in call.trailing_metadata() or ():
        if isinstance(value, bytes):
            if key in found:
                doubled.add(key)
            found[key] = value
    return {key: value for key, value in found.items() if key not in doubled}
