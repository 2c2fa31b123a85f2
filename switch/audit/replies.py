"""Stored bytes as messages: what was asked and what was answered, or None when they are neither."""

from typing import Final

from google.protobuf.message import DecodeError

from medswitch.v1 import filing_pb2, settlement_pb2, visit_pb2
from switch.audit.rows import RequestRow
from switch.model.call import Authenticated, Received
from switch.model.claim import Claim
from switch.model.fault import Fault
from switch.model.ids import InstitutionCode, RequestId, SessionId, TerminalId
from switch.model.stages import Recorded
from switch.wire import card
from switch.wire.card import CARD_CHANGES
from switch.wire.decode import decode, settled_claim

Reply = (
    settlement_pb2.SettleResponse
    | settlement_pb2.CancelResponse
    | settlement_pb2.ReverseResponse
    | filing_pb2.FileResponse
    | filing_pb2.WithdrawResponse
    | visit_pb2.RegisterResponse
    | visit_pb2.UpdateResponse
    | visit_pb2.UploadLinesResponse
    | visit_pb2.WithdrawLinesResponse
    | visit_pb2.DischargeResponse
    | visit_pb2.CancelVisitResponse
    | card.Response
    | settlement_pb2.ReadMemberResponse
    | settlement_pb2.PresettleResponse
)
_REPLIES: Final[dict[str, type[Reply]]] = {
    "Settle": settlement_pb2.SettleResponse,
    "Adjust": settlement_pb2.SettleResponse,
    "Cancel": settlement_pb2.CancelResponse,
    "Reverse": settlement_pb2.ReverseResponse,
    "File": filing_pb2.FileResponse,
    "Withdraw": filing_pb2.WithdrawResponse,
    "Register": visit_pb2.RegisterResponse,
    "Update": visit_pb2.UpdateResponse,
    "UploadLines": visit_pb2.UploadLinesResponse,
    "WithdrawLines": visit_pb2.WithdrawLinesResponse,
    "Discharge": visit_pb2.DischargeResponse,
    "CancelVisit": visit_pb2.CancelVisitResponse,
    **{name: card.RESPONSES[name] for name in CARD_CHANGES},
}
ADJUST: Final = "Adjust"
"""The office's correction of a settlement, recorded and answered as the settlement it should be."""
SETTLED: Final = frozenset({"Settle", ADJUST})
RECORDED: Final = frozenset(_REPLIES)
"""Every method that is recorded; a tombstone is none."""
_ALARMED: Final[dict[str, type[Reply]]] = {
    "ReadMember": settlement_pb2.ReadMemberResponse,
    "Presettle": settlement_pb2.PresettleResponse,
}
ALARMS: Final = frozenset(_ALARMED)
"""What is recorded only when it shows that a card may be two."""


def read_reply(row: RequestRow) -> Reply | None:
    """Return the reply recorded for a request. A tombstone's bytes are its Reverse's reply."""
    kind = _REPLIES.get(row.method) or _ALARMED.get(row.method)
    if kind is None:
        return None
    try:
        return kind.FromString(row.reply)
    except DecodeError:
        return None


def read_operation(row: RequestRow) -> Recorded | None:
    """Return what a recorded body asks, decoded as it was when it came."""
    if row.method not in RECORDED | ALARMS:
        return None
    method = "Settle" if row.method == ADJUST else row.method
    call = Authenticated(
        Received(
            method, TerminalId(row.terminal_id), SessionId(row.session_id), row.seq, row.mac,
            row.body, row.received_at,
        ),
        InstitutionCode(row.request_id[:12]),
    )  # fmt: skip
    try:
        operation = decode(method, call)
    except Fault:
        return None
    return operation if isinstance(operation, Recorded) else None


def read_claim(row: RequestRow) -> Claim | None:
    """Return the claim of a recorded Settle, or None when it is none."""
    try:
        return settled_claim(RequestId(row.request_id), row.body)
    except Fault:
        return None
