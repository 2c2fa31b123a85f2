"""Bytes to a message: unparseable bytes, text that is not UTF-8 and unknown fields are refused.

The parser keeps unknown fields and says nothing of where bad bytes lie. So the fast way only asks
*whether* all is well, and `_first_fault` walks the bytes again to say *where* it is not.
"""

from collections.abc import Iterator
from typing import Final, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from switch.model.fault import malformed

M = TypeVar("M", bound=Message)

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_WIRE_TYPES: Final = {
    FieldDescriptor.TYPE_STRING: _LENGTH,
    FieldDescriptor.TYPE_BYTES: _LENGTH,
    FieldDescriptor.TYPE_MESSAGE: _LENGTH,
}
"""Any other type of this contract is a varint; a test holds that."""


FIELDS_MAX: Final = 10_000
"""Fields walked in search of a fault: twice a claim of 500 lines, 20 ms. A mebibyte of tiny fields
would hold the event loop for a second."""


class _Broken(Exception):
    """The bytes end early or are no protobuf at all."""


def parse(kind: type[M], body: bytes) -> M:
    """Return the message. Raises: Fault MALFORMED, naming the field where that can be said."""
    try:
        message = kind.FromString(body)
    except DecodeError:
        raise malformed(*_where(kind, body)) from None
    # A message without unknown fields is at most as long written anew as it came: varints become
    # shortest, zeros and repeats fall away, and nothing grows (no packed field, and every negative
    # enum is refused later). So equal lengths mean that nothing was discarded. This costs 1.6 µs
    # for five lines; asking each submessage from Python costs half as much again and grows faster.
    message.DiscardUnknownFields()
    if message.ByteSize() != len(body):
        field, text = _where(kind, body)
        if text:
            raise malformed(field, text)
    return message


def _where(kind: type[Message], body: bytes) -> tuple[str, str]:
    """Return the path and the text of the first fault of the bytes; ("", "") when there is none."""
    descriptor: Descriptor = kind.DESCRIPTOR  # type: ignore[assignment] # the stubs know two
    try:
        return _first_fault(descriptor, memoryview(body), "", iter(range(FIELDS_MAX))) or ("", "")
    except _Broken:
        return "", f"the body is no {descriptor.name}: it ends early or is not protobuf"


def _first_fault(
    kind: Descriptor, body: memoryview, path: str, budget: Iterator[int]
) -> tuple[str, str] | None:
    """Return (path, text) of the first field that the contract does not know or that is no text."""
    counts: dict[int, int] = {}
    for number, wire_type, content in _fields(body):
        if next(budget, None) is None:
            return path.rstrip("."), f"more than {FIELDS_MAX} fields; send each field once"
        field = kind.fields_by_number.get(number)
        if field is None:
            return f"{path}{number}", (
                f"{kind.name} has no field {number}; send only what the contract names"
            )
        place = path + field.name
        if wire_type != _WIRE_TYPES.get(field.type, _VARINT):
            return place, f"{place} has the wrong type; generate the message from the contract"
        if field.is_repeated:
            place += f"[{counts.get(number, 0)}]"
            counts[number] = counts.get(number, 0) + 1
        if field.type == FieldDescriptor.TYPE_STRING and not _is_text(content):
            return place, f"{place} is not UTF-8; convert the text before sending"
        if field.message_type is not None:
            found = _first_fault(field.message_type, content, place + ".", budget)
            if found is not None:
                return found
    return None


def _fields(body: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Yield (number, wire type, content of a length-delimited field). Raises: _Broken."""
    at = 0
    empty = body[:0]
    while at < len(body):
        tag, at = _varint(body, at)
        wire_type = tag & 7
        content = empty
        if wire_type == _VARINT:
            _, at = _varint(body, at)
        elif wire_type == _LENGTH:
            length, at = _varint(body, at)
            content = body[at : at + length]
            at += length
        elif wire_type == _FIXED64:
            at += 8
        elif wire_type == _FIXED32:
            at += 4
        else:
            raise _Broken
        if at > len(body) or tag >> 3 == 0:
            raise _Broken
        yield tag >> 3, wire_type, content


def _varint(body: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(body[at : at + 10]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise _Broken


def _is_text(content: memoryview) -> bool:
    try:
        str(content, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
