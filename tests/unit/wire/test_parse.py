"""Unknown fields are refused at every depth; other libraries' ways of writing are not."""

import pytest
from google.protobuf.message import Message

from medswitch.v1 import common_pb2, settlement_pb2
from switch.model.fault import Fault
from switch.wire.parse import FIELDS_MAX, parse
from tests.fix_wire import good_requests

UNKNOWN = bytes.fromhex("f87f01")  # 2047: varint 1
KINDS: dict[str, type[Message]] = {name: type(value) for name, value in good_requests().items()}


def submessages(message: Message, path: str = "") -> list[tuple[str, Message]]:
    found = [(path, message)]
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.is_repeated:
            for place, inner in enumerate(value):
                found += submessages(inner, f"{path}{field.name}[{place}].")
        else:
            found += submessages(value, f"{path}{field.name}.")
    return found


@pytest.mark.parametrize("method", good_requests())
def test_an_unknown_field_is_refused_at_every_depth(method: str) -> None:
    for path, _ in submessages(good_requests()[method]):
        message = good_requests()[method]
        target = dict(submessages(message))[path]
        target.MergeFromString(UNKNOWN)
        with pytest.raises(Fault) as caught:
            parse(KINDS[method], message.SerializeToString())
        assert caught.value.field == f"{path}2047"


def test_a_zero_that_hides_an_unknown_field_is_seen() -> None:
    """The shorter writing of one field must not make up for the unknown bytes of another."""
    body = good_requests()["Cancel"].SerializeToString()
    wordy = b"\x12\x03\x20\x80\x00"  # original.total_fen = 0 in three bytes
    with pytest.raises(Fault, match="2047"):
        parse(settlement_pb2.CancelRequest, body + wordy + UNKNOWN)
    parse(settlement_pb2.CancelRequest, body + wordy)


def test_an_empty_body_is_an_empty_message() -> None:
    assert parse(settlement_pb2.CancelRequest, b"") == settlement_pb2.CancelRequest()


@pytest.mark.parametrize(
    "raw",
    ["08", "0a", "0aff", "0d0000", "0900000000", "00", "0200", "80", "08ffffffffffffffffffff01"],
)
def test_bytes_that_are_no_protobuf_are_refused(raw: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(settlement_pb2.CancelRequest, bytes.fromhex(raw))
    assert "CancelRequest" in caught.value.text or caught.value.field == "request_id"


def test_a_flood_of_tiny_fields_is_refused_before_it_costs_much() -> None:
    flood = b"\x0a\x00" * (FIELDS_MAX + 1)  # request_id = "", sent again and again
    with pytest.raises(Fault, match="more than 10000 fields"):
        parse(settlement_pb2.CancelRequest, flood)
    parse(settlement_pb2.CancelRequest, flood[2:])
    lines = settlement_pb2.SettleRequest()
    lines.claim.lines.extend([common_pb2.FeeLine(number=1)] * FIELDS_MAX)
    with pytest.raises(Fault, match="more than 10000 fields"):
        parse(settlement_pb2.SettleRequest, lines.SerializeToString() + UNKNOWN)
