"""How a settlement ends, for a caller; and how one is named afterwards."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clients.faults import OutcomeUnknown, SwitchFault
from clients.outbox import Entry
from medswitch.v1 import reply_pb2, settlement_pb2
from switch.model.ids import RequestId

_UNDONE: Final = frozenset({reply_pb2.REPLY_CODE_CANCELLED, reply_pb2.REPLY_CODE_REVERSED})


class SettleState(StrEnum):
    """How a settlement ended, for good."""

    POSTED = "posted"
    DECLINED = "declined"
    UNDONE = "undone"
    """It was cancelled or reversed, or never arrived and never will post."""


@dataclass(frozen=True, slots=True)
class SettleResult:
    """The end of a settlement: the reply if there was one, the reversal if it came to that."""

    state: SettleState
    request_id: RequestId
    settled: settlement_pb2.SettleResponse | None = None
    reversal: settlement_pb2.ReverseResponse | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """What `resolve` found out about one request of the outbox; `error` when it could not."""

    entry: Entry
    error: SwitchFault | OutcomeUnknown | None = None


def original_of(settled: Entry | settlement_pb2.SettleResponse) -> settlement_pb2.Original:
    """Return how Cancel, Reverse and GetSettlement name a settlement."""
    if isinstance(settled, Entry):
        return settlement_pb2.Original(
            request_id=settled.request_id,
            method=settled.method,
            member_id=settled.member_id,
            total_fen=settled.total_fen,
        )
    return settlement_pb2.Original(
        request_id=settled.outcome.request_id,
        method="Settle",
        member_id=settled.member_id,
        total_fen=settled.decision.split.total_fen,
    )


def settle_result(request_id: RequestId, settled: settlement_pb2.SettleResponse) -> SettleResult:
    """Return how a settlement ended, by its proven reply."""
    code = settled.outcome.code
    if code == reply_pb2.REPLY_CODE_OK:
        state = SettleState.POSTED
    else:
        state = SettleState.UNDONE if code in _UNDONE else SettleState.DECLINED
    return SettleResult(state, request_id, settled)
