"""Answers: the model's words to the bytes that are recorded, sent, and repeated for ever."""

from collections.abc import Mapping
from typing import Final, assert_never

from medswitch.v1 import card_pb2, filing_pb2, reply_pb2, settlement_pb2, visit_pb2
from switch.model.answer import (
    Answer,
    CardAnswer,
    DeclineAnswer,
    FilingAnswer,
    FilingsAnswer,
    HolderAnswer,
    LinesAnswer,
    MemberAnswer,
    PresettleAnswer,
    SettleAnswer,
    State,
    StateAnswer,
    UndoAnswer,
    VisitAnswer,
    VisitToldAnswer,
)
from switch.wire import card, filing, holder, methods, visit
from switch.wire.outcome import declined, done, epoch_ms, iso
from switch.wire.person import member_message
from switch.wire.replaced import original_message, write_replaced, write_restored
from switch.wire.split import write_decision

_Reply = (
    settlement_pb2.ReadMemberResponse
    | settlement_pb2.PresettleResponse
    | settlement_pb2.SettleResponse
    | settlement_pb2.CancelResponse
    | settlement_pb2.ReverseResponse
    | settlement_pb2.GetSettlementResponse
    | filing_pb2.FileResponse
    | filing_pb2.WithdrawResponse
    | filing_pb2.ListFilingsResponse
    | visit_pb2.RegisterResponse
    | visit_pb2.UpdateResponse
    | visit_pb2.UploadLinesResponse
    | visit_pb2.WithdrawLinesResponse
    | visit_pb2.DischargeResponse
    | visit_pb2.CancelVisitResponse
    | visit_pb2.GetVisitResponse
    | card.Response
    | card_pb2.GetHolderResponse
)

REPLIES: Final[Mapping[str, type[_Reply]]] = {
    methods.READ_MEMBER: settlement_pb2.ReadMemberResponse,
    methods.PRESETTLE: settlement_pb2.PresettleResponse,
    methods.SETTLE: settlement_pb2.SettleResponse,
    methods.CANCEL: settlement_pb2.CancelResponse,
    methods.REVERSE: settlement_pb2.ReverseResponse,
    methods.GET_SETTLEMENT: settlement_pb2.GetSettlementResponse,
    methods.FILE: filing_pb2.FileResponse,
    methods.WITHDRAW: filing_pb2.WithdrawResponse,
    methods.LIST_FILINGS: filing_pb2.ListFilingsResponse,
    methods.REGISTER: visit_pb2.RegisterResponse,
    methods.UPDATE: visit_pb2.UpdateResponse,
    methods.UPLOAD_LINES: visit_pb2.UploadLinesResponse,
    methods.WITHDRAW_LINES: visit_pb2.WithdrawLinesResponse,
    methods.DISCHARGE: visit_pb2.DischargeResponse,
    methods.CANCEL_VISIT: visit_pb2.CancelVisitResponse,
    methods.GET_VISIT: visit_pb2.GetVisitResponse,
    **card.RESPONSES,
    methods.GET_HOLDER: card_pb2.GetHolderResponse,
}
"""Method → its reply message."""

_STATES: Final[Mapping[State, settlement_pb2.SettlementState.ValueType]] = {
    state: settlement_pb2.SettlementState.Value(f"SETTLEMENT_STATE_{state.name}") for state in State
}


def encode(method: str, answer: Answer) -> bytes:
    """Return the reply message of a method. `method`: the whole path or its last part.

    Raises: ValueError when the answer is not one of the method's, which is our own mistake.
    """
    name = methods.short_name(method)
    reply = _message(name, answer)
    if not isinstance(reply, REPLIES[name]):
        raise ValueError(f"{type(answer).__name__} does not answer {name}")
    return reply.SerializeToString()


def _message(name: str, answer: Answer) -> _Reply:
    match answer:
        case SettleAnswer():
            return _settled(answer)
        case DeclineAnswer():
            return _declined(name, answer)
        case PresettleAnswer():
            return _presettled(answer)
        case UndoAnswer():
            return _undone(name, answer)
        case MemberAnswer():
            return settlement_pb2.ReadMemberResponse(
                outcome=done(answer.request_id), member=member_message(answer.member)
            )
        case StateAnswer():
            return _state(answer)
        case FilingAnswer():
            withdrawn = name == methods.WITHDRAW
            return filing.withdraw_response(answer) if withdrawn else filing.file_response(answer)
        case FilingsAnswer():
            return filing.list_response(answer)
        case VisitAnswer():
            return visit.visit_response(name, answer)
        case LinesAnswer():
            return visit.lines_response(name, answer)
        case VisitToldAnswer():
            return visit.told_response(answer)
        case HolderAnswer():
            return holder.holder_response(answer)
        case CardAnswer():
            return card.card_response(name, answer)
        case _:
            assert_never(answer)


def _settled(answer: SettleAnswer) -> settlement_pb2.SettleResponse:
    reply = settlement_pb2.SettleResponse(
        outcome=done(answer.request_id),
        settlement_id=answer.settlement_id,
        settled_at_ms=epoch_ms(answer.settled_at),
        business_day=answer.business_day.isoformat(),
        member_id=answer.member.member_id,
        member_name=answer.member.name,
        balance_current_fen=answer.balance_current_fen,
        balance_earlier_fen=answer.balance_earlier_fen,
        balance_fen=answer.balance_current_fen + answer.balance_earlier_fen,
    )
    write_decision(reply.decision, answer.decision)
    if answer.replaced is not None:
        write_replaced(reply.replaced, answer.replaced, answer.decision.split)
    return reply


def _presettled(answer: PresettleAnswer) -> settlement_pb2.PresettleResponse:
    reply = settlement_pb2.PresettleResponse(
        outcome=done(answer.request_id),
        member_id=answer.member.member_id,
        member_name=answer.member.name,
        balance_current_fen=answer.balance_current_fen,
        balance_earlier_fen=answer.balance_earlier_fen,
        balance_fen=answer.balance_current_fen + answer.balance_earlier_fen,
        settle_nonce=answer.settle_nonce,
        # "u64(expiry ms) ‖ first 8 bytes of SM4-CMAC ..." (design, section 5)
        settle_nonce_expires_at_ms=int.from_bytes(answer.settle_nonce[:8], "big"),
    )
    write_decision(reply.decision, answer.decision)
    if answer.replaced is not None:
        write_replaced(reply.replaced, answer.replaced, answer.decision.split)
    return reply


def _declined(name: str, answer: DeclineAnswer) -> _Reply:
    outcome = declined(answer.request_id, answer.decline)
    if answer.decision is None:
        return REPLIES[name](outcome=outcome)
    reply = settlement_pb2.SettleResponse(outcome=outcome)
    write_decision(reply.decision, answer.decision)
    return reply


def _undone(name: str, answer: UndoAnswer) -> _Reply:
    current, earlier = answer.balance_current_fen, answer.balance_earlier_fen
    undone = settlement_pb2.Undone(
        original=original_message(answer.original),
        tombstone=not answer.undone and not answer.by,
        undo_settlement_id=answer.undo or "",
        undone_settlement_id=answer.undone or "",
        undone_at_ms=epoch_ms(answer.undone_at),
        business_day=iso(answer.business_day),
        undone_by=answer.by,
        total_fen=answer.total_fen,
        fund_fen=answer.fund_fen,
        account_fen=answer.account_fen,
        account_relative_fen=answer.account_relative_fen,
        cash_fen=answer.cash_fen,
        hospital_fen=answer.hospital_fen,
        balance_current_fen=current,
        balance_earlier_fen=earlier,
        balance_fen=None if current is None or earlier is None else current + earlier,
    )
    if answer.restored is not None:
        write_restored(undone.restored, answer.restored)
    outcome = done(answer.request_id)
    if name == methods.CANCEL:
        return settlement_pb2.CancelResponse(outcome=outcome, undone=undone)
    return settlement_pb2.ReverseResponse(outcome=outcome, undone=undone)


def _state(answer: StateAnswer) -> settlement_pb2.GetSettlementResponse:
    original = answer.original
    if answer.decline is not None and answer.state is not State.DECLINED:
        # The question is declined: nothing is said of the request, NEVER_SEEN least of all.
        return settlement_pb2.GetSettlementResponse(
            outcome=declined(original.request_id, answer.decline),
            original=original_message(original),
        )
    reply = settlement_pb2.GetSettlementResponse(
        outcome=done(original.request_id),
        original=original_message(original),
        state=_STATES[answer.state],
        undone_by=answer.undone_by,
        undone_at_ms=0 if answer.undone_at is None else epoch_ms(answer.undone_at),
    )
    recorded = None if answer.recorded is None else _set_recorded(reply, answer.recorded)
    if answer.state is State.DECLINED:
        if answer.decline is not None:
            reply.decline.CopyFrom(declined(original.request_id, answer.decline))
        elif recorded is not None:
            reply.decline.CopyFrom(recorded)
    return reply


def _set_recorded(
    reply: settlement_pb2.GetSettlementResponse, recorded: bytes
) -> reply_pb2.Outcome:
    """Put the recorded reply where it belongs and return its outcome.

    The bytes say what they are, whatever method the caller named: field 11 is a Cancel's, 12 a
    Reverse's, and of a bare outcome the method named decides.
    """
    cancel = settlement_pb2.CancelResponse.FromString(recorded)
    if cancel.HasField("undone"):
        reply.cancel.CopyFrom(cancel)
        return reply.cancel.outcome
    reverse = settlement_pb2.ReverseResponse.FromString(recorded)
    if reverse.HasField("undone"):
        reply.reverse.CopyFrom(reverse)
        return reply.reverse.outcome
    if reply.original.method == methods.CANCEL:
        reply.cancel.CopyFrom(cancel)
        return reply.cancel.outcome
    if reply.original.method == methods.REVERSE:
        reply.reverse.CopyFrom(reverse)
        return reply.reverse.outcome
    reply.settle.ParseFromString(recorded)
    return reply.settle.outcome
