"""Answers: what the pipeline says back, before the codec turns it into bytes."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from switch.model.card import CardEvent
from switch.model.decision import Decision, Decline
from switch.model.filing import FilingRecord
from switch.model.ids import MemberId, RequestId, SettlementId
from switch.model.member import Member
from switch.model.money import ZERO, Fen
from switch.model.stages import Original


@dataclass(frozen=True, slots=True)
class MemberAnswer:
    """1101: the person, his insurances, filings, balances and this year's accumulators."""

    request_id: RequestId
    member: Member


@dataclass(frozen=True, slots=True)
class PresettleAnswer:
    """2206: the split with its working, and the nonce that the card's TAC must cover."""

    request_id: RequestId
    member: Member
    decision: Decision
    balance_current_fen: Fen
    balance_earlier_fen: Fen
    settle_nonce: bytes


@dataclass(frozen=True, slots=True)
class SettleAnswer:
    """2207: all that a receipt prints. `balance_*` are after the settlement (`balc`)."""

    request_id: RequestId
    settlement_id: SettlementId
    settled_at: datetime
    business_day: date
    member: Member
    decision: Decision
    balance_current_fen: Fen
    balance_earlier_fen: Fen


@dataclass(frozen=True, slots=True)
class DeclineAnswer:
    """Any method: a refusal with its reason; for AMOUNTS_CHANGED with the new split."""

    request_id: RequestId
    decline: Decline
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class UndoAnswer:
    """2208, 2601: what was undone.

    `undone` "" and `by` "": a tombstone — the original had not arrived and never will post.
    `by`: the request that undid the original, when it was not this one.
    """

    request_id: RequestId
    original: Original
    undo: SettlementId | None
    undone: SettlementId | None
    undone_at: datetime
    business_day: date | None
    by: str
    total_fen: Fen
    fund_fen: Fen
    account_fen: Fen
    cash_fen: Fen
    hospital_fen: Fen
    balance_current_fen: Fen | None
    balance_earlier_fen: Fen | None
    account_relative_fen: Fen = ZERO


@dataclass(frozen=True, slots=True)
class FilingAnswer:
    """2501 to 2506: the filing as it stands after the request."""

    request_id: RequestId
    record: FilingRecord


@dataclass(frozen=True, slots=True)
class FilingsAnswer:
    """5301, 5302, 5304: what the caller may know of a person's filings, by id."""

    request_id: RequestId
    member_id: MemberId
    records: tuple[FilingRecord, ...]


@dataclass(frozen=True, slots=True)
class CardAnswer:
    """A card as it stands: after a change, with that change; to GetCard, with its history."""

    request_id: RequestId
    member: Member
    events: tuple[CardEvent, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement as its holder is told it; amounts are fen, as they were posted."""

    settlement_id: SettlementId
    business_day: date
    settled_at: datetime
    institution: str
    region_care: str
    insurance: str
    total_fen: Fen
    fund_fen: Fen
    account_fen: Fen
    account_relative_fen: Fen
    cash_fen: Fen
    hospital_fen: Fen
    undone: bool


@dataclass(frozen=True, slots=True)
class HolderAnswer:
    """5203, 5206: the person, and a year's settlements, oldest first. `more`: there were others."""

    request_id: RequestId
    member: Member
    settlements: tuple[Settled, ...]
    more: bool


class State(StrEnum):
    """What became of a request, as a query finds it."""

    POSTED = "posted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REVERSED = "reversed"
    TOMBSTONE = "tombstone"
    NEVER_SEEN = "never_seen"
    """Not final: the request may still be on its way."""


@dataclass(frozen=True, slots=True)
class StateAnswer:
    """The definite answer to a query: the state and, when there is one, the recorded reply."""

    original: Original
    state: State
    decline: Decline | None
    recorded: bytes | None
    undone_by: str
    undone_at: datetime | None


Answer = (
    MemberAnswer
    | PresettleAnswer
    | SettleAnswer
    | DeclineAnswer
    | UndoAnswer
    | StateAnswer
    | FilingAnswer
    | FilingsAnswer
    | CardAnswer
    | HolderAnswer
)
