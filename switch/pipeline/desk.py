"""The desk decides one request at a time on a view: repeats first, then the request's own story."""

from typing import Final, assert_never

from switch.model.answer import Answer
from switch.model.card_office import (
    ConfirmLost,
    GetCard,
    LockCard,
    Release,
    Replace,
    ReportLost,
    UnlockCard,
)
from switch.model.journal import JournalKind
from switch.model.stages import (
    Cancel,
    CancelVisit,
    Discharge,
    File,
    GetHolder,
    GetSettlement,
    GetVisit,
    Inquiry,
    ListFilings,
    Presettle,
    ReadMember,
    Recorded,
    Register,
    Reverse,
    Settle,
    Update,
    UploadLines,
    VisitChange,
    Withdraw,
    WithdrawLines,
)
from switch.pipeline.card import change_card, get_card
from switch.pipeline.filing import file, list_filings, withdraw
from switch.pipeline.holder import get_holder
from switch.pipeline.inquire import presettle, read_member
from switch.pipeline.ports import CardVault, Codec
from switch.pipeline.register import repeated, state_of, too_old_or_ahead
from switch.pipeline.settle import settle
from switch.pipeline.suspicion import Suspected, declined_again, suspects
from switch.pipeline.undo import undo
from switch.pipeline.view import Outcome, Slot, View
from switch.pipeline.visit import cancel_visit, discharge, get_visit, register, update
from switch.pipeline.visit_lines import upload, withdraw_lines

_LIVE: Final = frozenset({JournalKind.SETTLEMENT, JournalKind.RESTORATION, JournalKind.ADJUSTMENT})


class Desk:
    """Pure: the same view and request give the same outcome, bit for bit."""

    def __init__(self, vault: CardVault, codec: Codec) -> None:
        self._vault = vault
        self._codec = codec

    def decide(self, view: View, operation: Recorded, slot: Slot) -> Outcome:
        """Return what a recorded request comes to, and leave the view as it would be after.

        Raises: Fault; then nothing of the request is to be written.
        """
        row = view.register.get(operation.request_id)
        if row is not None:
            return repeated(self._codec, operation, row)
        outcome = too_old_or_ahead(self._codec, operation, view.now)
        if outcome is not None:
            return outcome
        match operation:
            case Settle():
                outcome = settle(self._vault, self._codec, view, operation, slot)
            case Cancel() | Reverse():
                outcome = undo(self._codec, view, operation, slot)
            case File():
                outcome = file(self._codec, view, operation, slot)
            case Withdraw():
                outcome = withdraw(self._codec, view, operation)
            case ReportLost() | ConfirmLost() | Release() | Replace() | LockCard() | UnlockCard():
                outcome = change_card(self._vault, self._codec, view, operation)
            case ReadMember() | Presettle():
                outcome = declined_again(
                    self._codec, view, operation, self._answer(view, operation)
                )
            case _:
                outcome = _of_visit(self._codec, view, operation, slot)
        _advance(view, outcome)
        return outcome

    def answer(self, view: View, inquiry: Inquiry | GetSettlement) -> bytes:
        """Return the reply to a request that changes nothing.

        Raises: Fault; Suspected when the lane is to decide it, for a suspicion must be recorded.
        """
        if isinstance(inquiry, GetSettlement):
            row = view.register.get(inquiry.original.request_id)
            return self._codec.encode("GetSettlement", state_of(inquiry, row))
        if isinstance(inquiry, ListFilings):
            return self._codec.encode("ListFilings", list_filings(view, inquiry))
        if isinstance(inquiry, GetVisit):
            return self._codec.encode("GetVisit", get_visit(view, inquiry))
        if isinstance(inquiry, GetHolder):
            return self._codec.encode("GetHolder", get_holder(self._vault, view, inquiry))
        if isinstance(inquiry, GetCard):
            return self._codec.encode("GetCard", get_card(view, inquiry))
        answer = self._answer(view, inquiry)
        if suspects(view, inquiry, answer):
            raise Suspected
        return self._codec.encode(type(inquiry).__name__, answer)

    def _answer(self, view: View, inquiry: ReadMember | Presettle) -> Answer:
        if isinstance(inquiry, Presettle):
            return presettle(self._vault, self._codec, view, inquiry)
        return read_member(self._vault, view, inquiry)


def _of_visit(codec: Codec, view: View, operation: VisitChange, slot: Slot) -> Outcome:
    """Decide one change of a visit."""
    match operation:
        case Register():
            return register(codec, view, operation, slot)
        case Update():
            return update(codec, view, operation)
        case UploadLines():
            return upload(codec, view, operation)
        case WithdrawLines():
            return withdraw_lines(codec, view, operation)
        case Discharge():
            return discharge(codec, view, operation)
        case CancelVisit():
            return cancel_visit(codec, view, operation)
        case _:
            assert_never(operation)


def _advance(view: View, outcome: Outcome) -> None:
    """Let the next request of this batch see the person as this one leaves him."""
    if outcome.member is not None:
        view.people[outcome.member.member_id] = outcome.member
    for share in outcome.shares:
        view.people[share.member.member_id] = share.member
    for write in outcome.writes:
        view.wrote(write)
    for journal in (outcome.journal, outcome.beside):
        if journal is None:
            continue
        live = view.live.setdefault(journal.member_id, [])
        if journal.kind in _LIVE:
            live.append(journal)
        elif journal.undoes is not None:
            view.live[journal.member_id] = [other for other in live if other.ref != journal.undoes]
