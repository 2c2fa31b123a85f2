"""Frames of a SettleStream: what a frame asks for, told from its bytes without parsing the request.

The body of a frame is a `SettleStreamCall` of exactly one field, so the request within is the very
bytes a call would carry: one request id has one body, whichever way it came. Its one form is
strict, so the audit can build it again from method and request and verify the frame's MAC.
"""

from typing import Final, NamedTuple

from google.protobuf.message import DecodeError

from medswitch.v1 import settlement_pb2
from switch.wire.methods import (
    CANCEL,
    GET_SETTLEMENT,
    PATHS,
    PRESETTLE,
    READ_MEMBER,
    REVERSE,
    SETTLE,
)

SETTLE_STREAM: Final = "/medswitch.v1.SettlementService/SettleStream"

_LENGTH_DELIMITED: Final = 2
_FIELDS: Final = (READ_MEMBER, PRESETTLE, SETTLE, CANCEL, REVERSE, GET_SETTLEMENT)
"""By field number of `SettleStreamCall`, from 1."""
_TAGS: Final = {
    name: number << 3 | _LENGTH_DELIMITED for number, name in enumerate(_FIELDS, start=1)
}
_METHODS: Final = {tag: PATHS[name] for name, tag in _TAGS.items()}


class Frame(NamedTuple):
    """A frame as it came, nothing believed."""

    n: int
    body: bytes
    mac: bytes


class Answered(NamedTuple):
    """An answer as it came, nothing believed."""

    n: int
    status: int
    body: bytes
    mac: bytes


def read_frame(message: bytes) -> Frame | None:
    """Return the frame in a message, None when it holds none."""
    try:
        frame = settlement_pb2.SettleStreamRequest.FromString(message)
    except DecodeError:
        return None
    return Frame(frame.n, frame.body, frame.mac)


def write_frame(frame: Frame) -> bytes:
    """Return the message of a frame."""
    return settlement_pb2.SettleStreamRequest(
        n=frame.n, body=frame.body, mac=frame.mac
    ).SerializeToString()


def read_answered(message: bytes) -> Answered | None:
    """Return the answer in a message, None when it holds none."""
    try:
        answer = settlement_pb2.SettleStreamResponse.FromString(message)
    except DecodeError:
        return None
    return Answered(answer.n, answer.status, answer.body, answer.mac)


def write_answered(answer: Answered) -> bytes:
    """Return the message of an answer."""
    return settlement_pb2.SettleStreamResponse(
        n=answer.n, status=answer.status, body=answer.body, mac=answer.mac
    ).SerializeToString()


def frame_body(method: str, request: bytes) -> bytes:
    """Return what a frame carries for a request. `method`: its short name. Raises: KeyError."""
    return bytes((_TAGS[method], *_varint(len(request)))) + request


def called(body: bytes) -> tuple[str, bytes] | None:
    """Return (whole path, request) of a frame's body, None when it is not in its one form."""
    method = _METHODS.get(body[0]) if body else None
    if method is None:
        return None
    length = shift = 0
    for at, byte in enumerate(body[1:6], start=1):
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            request = body[at + 1 :]
            whole = len(request) == length and (byte or at == 1)
            return (method, request) if whole else None
    return None


def _varint(value: int) -> list[int]:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return [*parts, value]
