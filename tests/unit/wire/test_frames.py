"""A frame's body has one form, which protobuf itself writes; everything else is no frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medswitch.v1 import settlement_pb2
from switch.wire.frames import (
    Answered,
    Frame,
    called,
    frame_body,
    read_answered,
    read_frame,
    write_answered,
    write_frame,
)
from switch.wire.methods import PATHS

U64 = st.integers(0, 2**64 - 1)
CALLS = {
    "ReadMember": "read_member",
    "Presettle": "presettle",
    "Settle": "settle",
    "Cancel": "cancel",
    "Reverse": "reverse",
    "GetSettlement": "get_settlement",
}


@given(U64, st.binary(), st.binary(), st.integers(0, 2**32 - 1))
def test_frames_and_answers_come_back(n: int, body: bytes, mac: bytes, status: int) -> None:
    assert read_frame(write_frame(Frame(n, body, mac))) == Frame(n, body, mac)
    answer = Answered(n, status, body, mac)
    assert read_answered(write_answered(answer)) == answer


def test_bytes_that_are_no_message_hold_nothing() -> None:
    assert read_frame(b"\xff") is None
    assert read_answered(b"\x12\x05") is None


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 300_000])
def test_a_body_names_its_method_and_carries_the_request_as_it_is(method: str, size: int) -> None:
    request = bytes(size)
    assert called(frame_body(method, request)) == (PATHS[method], request)


@pytest.mark.parametrize(("method", "field"), CALLS.items())
def test_protobuf_writes_the_same_body(method: str, field: str) -> None:
    call = settlement_pb2.SettleStreamCall()
    inner = getattr(call, field)
    inner.SetInParent()
    if field in {"cancel", "reverse", "read_member"}:
        inner.request_id = "H33020000001" * 20
    assert frame_body(method, inner.SerializeToString()) == call.SerializeToString()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1a",
        b"\x1a\x01",
        b"\x1a\x00\x00",
        b"\x1a\x80\x00",
        b"\x1a\x81\x00a",
        b"\x1a\xff\xff\xff\xff\xff\x01",
        b"\x3a\x00",
        b"\x18\x00",
        b"\x0a\x00\x0a\x00",
    ],
    ids=[
        "nothing", "no length", "too short", "too long", "zero in two bytes", "one in two bytes",
        "endless length", "unknown field", "a number", "two calls",
    ],
)  # fmt: skip
def test_any_other_body_is_none(body: bytes) -> None:
    assert called(body) is None
