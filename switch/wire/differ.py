"""Where two request bodies under one request id differ: a field's path, never its value."""

from collections.abc import Mapping
from typing import Final

from google.protobuf.message import DecodeError, Message

from medswitch.v1 import card_pb2, filing_pb2, settlement_pb2, visit_pb2
from switch.wire import methods

REQUESTS: Final[Mapping[str, type[Message]]] = {
    methods.READ_MEMBER: settlement_pb2.ReadMemberRequest,
    methods.PRESETTLE: settlement_pb2.PresettleRequest,
    methods.SETTLE: settlement_pb2.SettleRequest,
    methods.CANCEL: settlement_pb2.CancelRequest,
    methods.REVERSE: settlement_pb2.ReverseRequest,
    methods.GET_SETTLEMENT: settlement_pb2.GetSettlementRequest,
    methods.FILE: filing_pb2.FileRequest,
    methods.WITHDRAW: filing_pb2.WithdrawRequest,
    methods.LIST_FILINGS: filing_pb2.ListFilingsRequest,
    methods.REGISTER: visit_pb2.RegisterRequest,
    methods.UPDATE: visit_pb2.UpdateRequest,
    methods.UPLOAD_LINES: visit_pb2.UploadLinesRequest,
    methods.WITHDRAW_LINES: visit_pb2.WithdrawLinesRequest,
    methods.DISCHARGE: visit_pb2.DischargeRequest,
    methods.CANCEL_VISIT: visit_pb2.CancelVisitRequest,
    methods.GET_VISIT: visit_pb2.GetVisitRequest,
    methods.REPORT_LOST: card_pb2.ReportLostRequest,
    methods.CONFIRM_LOST: card_pb2.ConfirmLostRequest,
    methods.RELEASE: card_pb2.ReleaseRequest,
    methods.REPLACE: card_pb2.ReplaceRequest,
    methods.LOCK_CARD: card_pb2.LockCardRequest,
    methods.UNLOCK_CARD: card_pb2.UnlockCardRequest,
    methods.GET_CARD: card_pb2.GetCardRequest,
    methods.GET_HOLDER: card_pb2.GetHolderRequest,
}


def differing_field(method: str, recorded: bytes, received: bytes) -> str:
    """Return the path of the first field, in the contract's order, in which two bodies differ.

    "encoding": the values are the same and the bytes are not; a repeat sends the same bytes.
    "body": one of them does not parse.
    """
    kind = REQUESTS[methods.short_name(method)]
    try:
        before, after = kind.FromString(recorded), kind.FromString(received)
    except DecodeError:
        return "body"
    return _difference(before, after) or "encoding"


def _difference(before: Message, after: Message) -> str:
    for field in before.DESCRIPTOR.fields:
        if field.is_repeated:
            found = _difference_in_list(field.name, before, after)
        elif field.message_type is not None:
            found = _difference_in_message(field.name, before, after)
        else:
            same = getattr(before, field.name) == getattr(after, field.name)
            found = "" if same else field.name
        if found:
            return found
    return ""


def _difference_in_message(name: str, before: Message, after: Message) -> str:
    if before.HasField(name) != after.HasField(name):
        return name
    found = _difference(getattr(before, name), getattr(after, name))
    return f"{name}.{found}" if found else ""


def _difference_in_list(name: str, before: Message, after: Message) -> str:
    """Return where two lists differ; where one only goes on, it is the list itself."""
    ours, theirs = getattr(before, name), getattr(after, name)
    for place, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one == other:
            continue
        inner = _difference(one, other) if isinstance(one, Message) else ""
        return f"{name}[{place}].{inner}" if inner else f"{name}[{place}]"
    return "" if len(ours) == len(theirs) else name
