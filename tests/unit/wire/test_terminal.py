"""Sign-in, sign-out, heartbeat and fault details as messages."""

from datetime import UTC, datetime, timedelta

import pytest
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from medswitch.v1 import terminal_pb2
from switch.model.fault import Fault, FaultReason, malformed
from switch.model.ids import SessionId
from switch.pipeline.ports import Codec
from switch.wire.codec import WireCodec
from switch.wire.encode import encode
from switch.wire.faults import read_fault_details
from switch.wire.terminal import SigninReply
from tests.fix_wire import RECEIVED_AT, call_of, good_requests, settled

CODEC = WireCodec()
AT_MS = 1_543_629_605_123


def test_the_codec_is_what_the_pipeline_asks_for() -> None:
    asked: Codec = CODEC
    assert asked.encode("Settle", settled()) == encode("Settle", settled())
    body = good_requests()["Cancel"].SerializeToString()
    assert asked.differing_field("Cancel", body, b"") == "request_id"
    assert CODEC.decode("Cancel", call_of("Cancel", body)).call.received.body == body


def test_a_signin_says_nonce_time_and_software() -> None:
    message = terminal_pb2.SignInRequest(
        nonce_t=bytes(range(16)), time_ms=AT_MS, software_version="his 1.0"
    )
    signin = CODEC.decode_signin(message.SerializeToString())
    assert (signin.nonce_t, signin.at, signin.software) == (
        bytes(range(16)),
        RECEIVED_AT,
        "his 1.0",
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"\x0a\x0f" + bytes(15), "nonce_t"),
        (b"\x0a\x10" + bytes(16) + b"\x1a\x41" + b"v" * 65, "software_version"),
        (b"\x0a\x10" + bytes(16) + b"\x10" + b"\xff" * 9 + b"\x01", "time_ms"),
        (b"\x0a\x10" + bytes(16) + b"\x10" + b"\xff" * 8 + b"\x7f", "time_ms"),
        (b"\x22\x00", "4"),
        (b"\x1a\x01\xff", "software_version"),
        (b"\x0a\x10", ""),
    ],
)
def test_a_bad_signin_is_refused_at_its_field(body: bytes, field: str) -> None:
    with pytest.raises(Fault) as caught:
        CODEC.decode_signin(body)
    assert caught.value.reason is FaultReason.MALFORMED
    assert caught.value.field == field


def test_a_signin_reply_carries_the_session() -> None:
    expires = RECEIVED_AT + timedelta(hours=24)
    reply = SigninReply(SessionId(b"s" * 16), b"n" * 16, expires, RECEIVED_AT, b"c" * 8)
    message = terminal_pb2.SignInResponse.FromString(CODEC.encode_signin(reply))
    assert (message.session_id, message.nonce_s, message.check) == (
        b"s" * 16,
        b"n" * 16,
        b"c" * 8,
    )
    assert message.server_time_ms == AT_MS
    assert message.expires_at_ms == AT_MS + 86_400_000


def test_sign_out_and_heartbeat_tell_the_time() -> None:
    out = terminal_pb2.SignOutResponse.FromString(CODEC.encode_sign_out(RECEIVED_AT))
    assert out.server_time_ms == AT_MS
    expires = RECEIVED_AT + timedelta(seconds=1)
    beat = terminal_pb2.HeartbeatResponse.FromString(CODEC.encode_heartbeat(RECEIVED_AT, expires))
    assert (beat.server_time_ms, beat.expires_at_ms) == (AT_MS, AT_MS + 1_000)


def test_fault_details_are_a_status_with_error_info() -> None:
    fault = malformed("claim.total_fen", "the lines add up to 2 fen")
    details = CODEC.fault_details(fault, "stop", RECEIVED_AT, 3)
    status = Status.FromString(details)
    assert (status.code, status.message) == (3, "the lines add up to 2 fen")
    assert status.details[0].type_url == "type.googleapis.com/google.rpc.ErrorInfo"
    read = read_fault_details(details)
    assert read is not None
    assert (read.status, read.text) == (3, "the lines add up to 2 fen")
    assert (read.reason, read.field, read.action) == ("MALFORMED", "claim.total_fen", "stop")
    assert read.server_time_ms == AT_MS


def test_fault_details_are_the_same_bytes_each_time() -> None:
    """They are signed, and a map has no order of its own."""
    fault = malformed("claim", "text")
    details = {CODEC.fault_details(fault, "stop", RECEIVED_AT) for _ in range(10)}
    assert len(details) == 1


def test_fault_details_stay_below_4_kib() -> None:
    fault = Fault(FaultReason.REQUEST_ID_REUSED, "\U0002a6a5" * 9_000, "\U0002a6a5" * 9_000)
    assert (
        len(CODEC.fault_details(fault, "query_or_reverse", datetime.max.replace(tzinfo=UTC)))
        <= 4_096
    )


def test_a_fault_of_no_field_names_none() -> None:
    details = CODEC.fault_details(Fault(FaultReason.OVERLOADED, "full"), "retry", RECEIVED_AT)
    read = read_fault_details(details)
    assert read is not None
    assert (read.status, read.field, read.action) == (2, "", "retry")


def foreign() -> bytes:
    status = Status(code=3)
    status.details.add().Pack(ErrorInfo(reason="MALFORMED", domain="elsewhere"))
    serialized: bytes = status.SerializeToString()
    return serialized


@pytest.mark.parametrize("details", [b"", b"\xff", Status(code=3).SerializeToString(), foreign()])
def test_other_details_are_not_taken_for_ours(details: bytes) -> None:
    assert read_fault_details(details) is None
