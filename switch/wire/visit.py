"""Visits on the wire: requests to operations of the model, visits to messages."""

from datetime import date
from typing import Final

from medswitch.v1 import common_pb2, visit_pb2
from switch.model.act import Reason
from switch.model.answer import LinesAnswer, VisitAnswer, VisitToldAnswer
from switch.model.call import Authenticated
from switch.model.claim import FeeLine
from switch.model.codes import Kind
from switch.model.fault import malformed
from switch.model.ids import (
    BEIJING,
    MemberId,
    RequestId,
    parse_member_id,
    parse_region,
    parse_visit_id,
)
from switch.model.stages import (
    Cancellation,
    CancelVisit,
    Discharge,
    GetVisit,
    Register,
    Update,
    UploadLines,
    WithdrawLines,
)
from switch.model.visit import Visit, VisitDetails, VisitState
from switch.wire import checks, methods
from switch.wire.acts import act_message, reason_of
from switch.wire.lines import LINES_MAX, uploaded_lines
from switch.wire.outcome import done, iso
from switch.wire.parse import parse

_Named = (
    visit_pb2.UpdateRequest
    | visit_pb2.UploadLinesRequest
    | visit_pb2.WithdrawLinesRequest
    | visit_pb2.DischargeRequest
    | visit_pb2.CancelVisitRequest
)
_VisitReply = (
    visit_pb2.RegisterResponse
    | visit_pb2.UpdateResponse
    | visit_pb2.DischargeResponse
    | visit_pb2.CancelVisitResponse
)

_KINDS: Final = {kind.value: kind for kind in Kind}
_STATES: Final = {
    state: visit_pb2.VisitState.Value(f"VISIT_STATE_{state.name}") for state in VisitState
}
_CANCELLATIONS: Final = {
    int(visit_pb2.VisitCancellation.Value(f"VISIT_CANCELLATION_{what.name}")): what
    for what in Cancellation
}
_REPLIES: Final[dict[str, type[_VisitReply]]] = {
    methods.REGISTER: visit_pb2.RegisterResponse,
    methods.UPDATE: visit_pb2.UpdateResponse,
    methods.DISCHARGE: visit_pb2.DischargeResponse,
    methods.CANCEL_VISIT: visit_pb2.CancelVisitResponse,
}


def decode_register(call: Authenticated) -> Register:
    """Return what a Register asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(visit_pb2.RegisterRequest, call.received.body)
    region = message.region_insured
    return Register(
        call,
        checks.request_id("request_id", message.request_id, call.institution),
        checks.shaped("member_id", message.member_id, parse_member_id),
        checks.text_of("number", message.number, 1, 30),
        checks.shaped("region_insured", region, parse_region) if region else "",
        checks.insurance("insurance", message.insurance),
        _details(message, call),
        checks.shaped("continues", message.continues, parse_visit_id) if message.continues else "",
        reason_of(message.reason if message.HasField("reason") else None),
    )


def decode_update(call: Authenticated) -> Update:
    """Return what an Update asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(visit_pb2.UpdateRequest, call.received.body)
    named = _named(message, call)
    return Update(call, *named, _details(message, call), _reason(message))


def decode_upload(call: Authenticated) -> UploadLines:
    """Return what an UploadLines asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(visit_pb2.UploadLinesRequest, call.received.body)
    named = _named(message, call)
    return UploadLines(call, *named, uploaded_lines(message.lines, _today(call)), _reason(message))


def decode_withdraw(call: Authenticated) -> WithdrawLines:
    """Return what a WithdrawLines asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(visit_pb2.WithdrawLinesRequest, call.received.body)
    named = _named(message, call)
    numbers = tuple(line.number for line in message.lines)
    if bool(numbers) == message.all_unsettled:
        raise malformed("lines", "lines are named, or all_unsettled takes all: send one of the two")
    if len(numbers) > LINES_MAX or len(set(numbers)) < len(numbers):
        raise malformed("lines", f"name up to {LINES_MAX} lines, each once")
    return WithdrawLines(call, *named, numbers, _reason(message))


def decode_discharge(call: Authenticated) -> Discharge:
    """Return what a Discharge asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(visit_pb2.DischargeRequest, call.received.body)
    named = _named(message, call)
    ended_on = checks.past_day("ended_on", message.ended_on, _today(call))
    diagnoses = checks.diagnoses("diagnoses", message.diagnoses)
    return Discharge(call, *named, ended_on, diagnoses, _reason(message))


def decode_cancel(call: Authenticated) -> CancelVisit:
    """Return what a CancelVisit asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(visit_pb2.CancelVisitRequest, call.received.body)
    named = _named(message, call)
    what = checks.one_of("what", int(message.what), _CANCELLATIONS)
    return CancelVisit(call, *named, what, _reason(message))


def decode_get(call: Authenticated) -> GetVisit:
    """Return what a GetVisit asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(visit_pb2.GetVisitRequest, call.received.body)
    after = message.after_line if message.with_lines else None
    return GetVisit(
        call,
        checks.request_id("request_id", message.request_id, call.institution),
        checks.shaped("member_id", message.member_id, parse_member_id),
        checks.shaped("visit_id", message.visit_id, parse_visit_id),
        after,
    )


def visit_response(method: str, answer: VisitAnswer) -> _VisitReply:
    """Return the reply to what changes a visit."""
    reply = _REPLIES[method]
    return reply(outcome=done(answer.request_id), visit=_visit(answer.visit))


def lines_response(
    method: str, answer: LinesAnswer
) -> visit_pb2.UploadLinesResponse | visit_pb2.WithdrawLinesResponse:
    """Return the reply to what changes the lines of a visit."""
    outcome = done(answer.request_id)
    if method == methods.UPLOAD_LINES:
        return visit_pb2.UploadLinesResponse(
            outcome=outcome,
            visit_id=answer.visit_id,
            added=answer.changed,
            ignored=answer.ignored,
            lines=answer.lines,
        )
    return visit_pb2.WithdrawLinesResponse(
        outcome=outcome, visit_id=answer.visit_id, withdrawn=answer.changed, lines=answer.lines
    )


def told_response(answer: VisitToldAnswer) -> visit_pb2.GetVisitResponse:
    """Return the reply to GetVisit."""
    return visit_pb2.GetVisitResponse(
        outcome=done(answer.request_id),
        visit=_visit(answer.visit),
        lines=[
            visit_pb2.VisitLine(line=_line(one.line), settled=settled)
            for one, settled in answer.lines
        ],
        unsettled_fen=answer.unsettled_fen,
    )


def _today(call: Authenticated) -> date:
    return call.received.received_at.astimezone(BEIJING).date()


def _named(message: _Named, call: Authenticated) -> tuple[RequestId, MemberId, str]:
    """Return request, person and visit."""
    return (
        checks.request_id("request_id", message.request_id, call.institution),
        checks.shaped("member_id", message.member_id, parse_member_id),
        checks.shaped("visit_id", message.visit_id, parse_visit_id),
    )


def _reason(message: _Named) -> Reason:
    return reason_of(message.reason if message.HasField("reason") else None)


def _details(
    message: visit_pb2.RegisterRequest | visit_pb2.UpdateRequest, call: Authenticated
) -> VisitDetails:
    if not message.HasField("details"):
        raise malformed("details", "details are missing; send kind and first day at least")
    details = message.details
    return VisitDetails(
        checks.one_of("details.kind", details.kind, _KINDS),
        checks.past_day("details.begun_on", details.begun_on, _today(call)),
        checks.text_of("details.department", details.department, 0, 50),
        checks.text_of("details.doctor", details.doctor, 0, 50),
        checks.diagnoses("details.diagnoses", details.diagnoses),
        checks.text_of("details.disease_code", details.disease_code, 0, 30),
    )


def _visit(visit: Visit) -> visit_pb2.Visit:
    details = visit.details
    return visit_pb2.Visit(
        visit_id=visit.visit_id,
        number=visit.number,
        institution=visit.institution,
        member_id=visit.member_id,
        state=_STATES[visit.state],
        details=visit_pb2.VisitDetails(
            kind=details.kind,
            begun_on=iso(details.begun_on),
            department=details.department,
            doctor=details.doctor,
            diagnoses=details.diagnoses,
            disease_code=details.disease_code,
        ),
        ended_on=iso(visit.ended_on),
        region_insured=visit.region,
        insurance=visit.insurance,
        stay=visit.stay,
        lines=visit.lines,
        settlements=[
            visit_pb2.VisitSettlement(
                settlement_id=one.settlement_id,
                request_id=one.request_id,
                takes_lines=bool(one.took),
                final=one.final,
            )
            for one in visit.settlements
        ],
        registered=act_message(visit.registered),
        changed=act_message(visit.changed),
    )


def _line(line: FeeLine) -> common_pb2.FeeLine:
    return common_pb2.FeeLine(
        number=line.number,
        code=line.code,
        name=line.name,
        on=iso(line.on),
        quantity_e4=line.quantity_e4,
        unit_price_e4=line.unit_price_e4,
        amount_fen=line.amount_fen,
        disease_code=line.disease_code,
        withdraws=line.withdraws,
        category=line.category,
    )
