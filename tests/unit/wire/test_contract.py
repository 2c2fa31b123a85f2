"""The contract keeps its own promises: numbers, documentation, and what the parser relies on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

from medswitch.v1 import (
    card_pb2,
    clearing_pb2,
    common_pb2,
    filing_pb2,
    reconciliation_pb2,
    reply_pb2,
    settlement_pb2,
    terminal_pb2,
    visit_pb2,
)
from switch.model.card import LOCKS, CardChange, Channel
from switch.model.codes import CardStatus, FilingKind, FundPayType, MemberClass
from switch.model.reply import REPLY_TEXTS, Next, ReplyCode
from switch.server import rights
from switch.wire.card import CHANGES, CHANNELS
from switch.wire.card import LOCKS as CARD_LOCKS
from switch.wire.national import FLAT_FIELDS, FUND_FIELDS
from switch.wire.outcome import CODES, NEXTS
from switch.wire.person import CARD_STATUSES, FILING_KINDS
from switch.wire.split import MEMBER_CLASSES

FILES: list[FileDescriptor] = [
    module.DESCRIPTOR
    for module in (
        card_pb2,
        clearing_pb2,
        common_pb2,
        filing_pb2,
        reconciliation_pb2,
        reply_pb2,
        settlement_pb2,
        terminal_pb2,
        visit_pb2,
    )
]
PROTO = Path(__file__).parents[3] / "proto"


def messages() -> Iterator[Descriptor]:
    for file in FILES:
        yield from file.message_types_by_name.values()


def request_fields() -> Iterator[tuple[Descriptor, FieldDescriptor]]:
    """Every field of every message that a caller sends, at any depth."""
    seen: set[str] = set()
    waiting = [message for message in messages() if message.name.endswith(("Request", "Part"))]
    while waiting:
        message = waiting.pop()
        if message.full_name in seen:
            continue
        seen.add(message.full_name)
        for field in message.fields:
            yield message, field
            if field.message_type is not None:
                waiting.append(field.message_type)


def test_reply_codes_have_the_models_names_and_numbers() -> None:
    theirs = dict(reply_pb2.ReplyCode.items())
    assert theirs.pop("REPLY_CODE_UNSPECIFIED") == 0
    assert theirs == {f"REPLY_CODE_{code.name}": code.value for code in ReplyCode}
    assert {code: int(number) for code, number in CODES.items()} == {c: c.value for c in ReplyCode}


def test_what_to_do_next_has_the_models_names() -> None:
    theirs = dict(reply_pb2.Next.items())
    assert theirs.pop("NEXT_UNSPECIFIED") == 0
    assert set(theirs) == {f"NEXT_{word.name}" for word in Next}
    assert set(NEXTS) == set(Next)
    assert set(REPLY_TEXTS) == set(ReplyCode)


def test_every_word_of_the_model_can_be_said() -> None:
    assert set(MEMBER_CLASSES) == set(MemberClass)
    assert set(CARD_STATUSES) == set(CardStatus)
    assert set(FILING_KINDS) == set(FilingKind)
    assert set(CHANNELS) == set(Channel)
    assert set(CHANGES) == set(CardChange)
    assert set(CARD_LOCKS) == LOCKS


def test_every_fund_has_its_flat_field() -> None:
    not_funds = {FundPayType.EMPLOYEE_ACCOUNT, FundPayType.HOSPITAL}
    assert set(FLAT_FIELDS) == set(FundPayType) - not_funds
    assert set(FLAT_FIELDS.values()) <= set(FUND_FIELDS)


@pytest.mark.parametrize("path", sorted(PROTO.rglob("*.proto")), ids=lambda path: str(path.name))
def test_every_element_of_the_contract_is_explained(path: Path) -> None:
    """A field, value, method or message is preceded by a comment; a reply code says what to do."""
    element = re.compile(r"\s*(message|enum|service|rpc|oneof|[\w.]+( \w+)* = \d+;|.* = \d+;)")
    before = ""
    bare = []
    for line in path.read_text("utf-8").splitlines():
        if element.match(line) and not before.lstrip().startswith("//"):
            bare.append(line.strip())
        before = line
    assert bare == []


def test_no_message_holds_a_map() -> None:
    entries = [m.full_name for m in messages() if m.GetOptions().map_entry or m.nested_types]
    assert entries == []


def test_requests_have_only_types_that_never_grow_when_written_anew() -> None:
    """`parse` compares lengths: a packed list of one or a negative int32 may be written longer."""
    known = {
        FieldDescriptor.TYPE_STRING,
        FieldDescriptor.TYPE_BYTES,
        FieldDescriptor.TYPE_MESSAGE,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_BOOL,
        FieldDescriptor.TYPE_ENUM,
    }
    lengths = {
        FieldDescriptor.TYPE_STRING,
        FieldDescriptor.TYPE_BYTES,
        FieldDescriptor.TYPE_MESSAGE,
    }
    for message, field in request_fields():
        place = f"{message.name}.{field.name}"
        assert field.type in known, place
        assert not field.is_repeated or field.type in lengths, place
    # The enums: their negative values are refused by name.
    enums = {field.name for _, field in request_fields() if field.enum_type is not None}
    assert enums == {"channel", "injury_cause", "kind", "lock", "what"}


def test_the_rights_name_every_method_of_the_contract() -> None:
    paths = {
        f"/{service.full_name}/{method.name}"
        for file in FILES
        for service in file.services_by_name.values()
        for method in service.methods
    }
    assert paths == set(rights.RIGHTS) | {rights.SIGN_IN, rights.ECHO}


def test_an_echo_goes_back_as_it_came() -> None:
    body = terminal_pb2.EchoRequest(payload=b"\x00\xff").SerializeToString()
    assert terminal_pb2.EchoResponse.FromString(body).payload == b"\x00\xff"
