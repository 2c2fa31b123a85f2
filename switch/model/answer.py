"""Answers: what the pipeline says back, before the codec turns it into bytes."""

from datetime import date, datetime
from enum import StrEnum

from switch.model.card import CardEvent
from switch.model.decision import Decision, Decline
from switch.model.filing import FilingRecord
from switch.model.frozen import frozen
from switch.model.ids import MemberId, RequestId, SettlementId
from switch.model.journal import Paid
from switch.model.member import Member
from switch.model.money import ZERO, Fen
from switch.model.stages import Original
from switch.model.visit import Visit, VisitLine


@frozen
class MemberAnswer:
    """1101: the person, his insurances, filings, balances and this year's accumulators."""

    request_id: RequestId
    member: Member


@frozen
class Replaced:
    """The settlement that another takes the place of, and who had paid what of it.

    `undo` None: a presettlement, which undoes nothing.
    """

    original: Original
    settlement: SettlementId
    undo: SettlementId | None
    paid: Paid


@frozen
class Restored:
    """What stands again because the settlement that replaced it was reversed."""

    settlement: SettlementId
    restoration: SettlementId
    paid: Paid


@frozen
class PresettleAnswer:
    """2206: the split with its working, and the nonce that the card's TAC must cover."""

    request_id: RequestId
    member: Member
    decision: Decision
    balance_current_fen: Fen
    balance_earlier_fen: Fen
    settle_nonce: bytes
    replaced: Replaced | None = None


@frozen
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
    replaced: Replaced | None = None


@frozen
class DeclineAnswer:
    """Any method: a refusal with its reason; for AMOUNTS_CHANGED with the new split."""

    request_id: RequestId
    decline: Decline
    decision: Decision | None = None


@frozen
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
    restored: Restored | None = None


@frozen
class FilingAnswer:
    """2501 to 2506: the filing as it stands after the request."""

    request_id: RequestId
    record: FilingRecord


@frozen
class FilingsAnswer:
    """5301, 5302, 5304: what the caller may know of a person's filings, by id."""

    request_id: RequestId
    member_id: MemberId
    records: tuple[FilingRecord, ...]


@frozen
class VisitAnswer:
    """2201, 2203, 2401 to 2405: the visit as it stands after the request."""

    request_id: RequestId
    visit: Visit


@frozen
class LinesAnswer:
    """2204, 2205, 2301, 2302: what became of the lines, and how many stand now."""

    request_id: RequestId
    visit_id: str
    changed: int
    ignored: int
    lines: int


@frozen
class VisitToldAnswer:
    """A visit as it stands, with a page of its lines when they were asked for."""

    request_id: RequestId
    visit: Visit
    lines: tuple[tuple[VisitLine, bool], ...]
    """Each with whether it is settled."""
    unsettled_fen: int


@frozen
class CardAnswer:
    """A card as it stands: after a change, with that change; to GetCard, with its history."""

    request_id: RequestId
    member: Member
    events: tuple[CardEvent, ...]


@frozen
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


@frozen
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


@frozen
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
    | VisitAnswer
    | LinesAnswer
    | VisitToldAnswer
    | CardAnswer
    | HolderAnswer
)
