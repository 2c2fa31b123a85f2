"""Sign-in, sign-out and heartbeat as messages."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from medswitch.v1 import terminal_pb2
from switch.model.fault import malformed
from switch.model.ids import SessionId
from switch.wire.checks import bytes_of, text_of
from switch.wire.outcome import epoch_ms
from switch.wire.parse import parse

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_MS_MAX: Final = 253_402_300_799_999
"""The last millisecond of the year 9999."""


@dataclass(frozen=True, slots=True)
class SigninRequest:
    """What a terminal says of itself when it signs in."""

    nonce_t: bytes
    at: datetime
    software: str


@dataclass(frozen=True, slots=True)
class SigninReply:
    """What a terminal is told of its new session."""

    session_id: SessionId
    nonce_s: bytes
    expires_at: datetime
    server_time: datetime
    check: bytes


def decode_signin(body: bytes) -> SigninRequest:
    """Return what a sign-in says. Raises: Fault MALFORMED."""
    message = parse(terminal_pb2.SignInRequest, body)
    if not 0 <= message.time_ms <= _TIME_MS_MAX:
        raise malformed("time_ms", f"time_ms {message.time_ms} is no time; send ms since 1970 UTC")
    return SigninRequest(
        bytes_of("nonce_t", message.nonce_t, 16),
        _EPOCH + timedelta(milliseconds=message.time_ms),
        text_of("software_version", message.software_version, 0, 64),
    )


def encode_signin(reply: SigninReply) -> bytes:
    """Return the reply message of a sign-in."""
    return terminal_pb2.SignInResponse(
        session_id=reply.session_id,
        nonce_s=reply.nonce_s,
        expires_at_ms=epoch_ms(reply.expires_at),
        server_time_ms=epoch_ms(reply.server_time),
        check=reply.check,
    ).SerializeToString()


def encode_sign_out(ended_at: datetime) -> bytes:
    """Return the reply message of a sign-out."""
    return terminal_pb2.SignOutResponse(server_time_ms=epoch_ms(ended_at)).SerializeToString()


def encode_heartbeat(server_time: datetime, expires_at: datetime) -> bytes:
    """Return the reply message of a heartbeat."""
    return terminal_pb2.HeartbeatResponse(
        server_time_ms=epoch_ms(server_time), expires_at_ms=epoch_ms(expires_at)
    ).SerializeToString()
