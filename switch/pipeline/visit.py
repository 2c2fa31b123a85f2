"""Visits: registered, changed, discharged, taken back, told. Each change makes a version of him.

A visit is its institution's: no other changes or settles it. What may happen in which state stands
in `model.visit.TRANSITIONS`; whatever is refused is refused by name and changes nothing.
"""

from dataclasses import replace
from datetime import date
from typing import Final

from switch.model.act import Act, Reason
from switch.model.answer import Answer, DeclineAnswer, VisitAnswer, VisitToldAnswer
from switch.model.codes import INPATIENT_KINDS
from switch.model.decision import Decline
from switch.model.ids import journal_id, visit_id
from switch.model.member import Member
from switch.model.money import ZERO
from switch.model.reply import ReplyCode
from switch.model.stages import (
    Cancellation,
    CancelVisit,
    Discharge,
    GetVisit,
    OfVisit,
    Register,
    Settle,
    Undo,
    Update,
    VisitChange,
)
from switch.model.terminal import TerminalClass
from switch.model.visit import REFUSED_IN, TRANSITIONS, Visit, VisitEvent, VisitState, within
from switch.pipeline.enrolment import enrolment_on
from switch.pipeline.ports import Codec
from switch.pipeline.view import Outcome, Slot, View, Write
from switch.rules.stay import first_day, goes_on

PAGE_LINES: Final = 500
"""Lines that GetVisit tells at once."""


def register(codec: Codec, view: View, operation: Register, slot: Slot) -> Outcome:
    """Decide one Register on the view as it stands."""
    member = view.people.get(operation.member_id)
    if member is None:
        return declined(codec, operation, Decline(ReplyCode.IDENTITY_UNKNOWN, {}))
    visit = _registered(view, operation, member, slot)
    if isinstance(visit, Decline):
        return declined(codec, operation, visit)
    return _done(codec, view, operation, visit)


def update(codec: Codec, view: View, operation: Update) -> Outcome:
    """Decide one Update on the view as it stands."""
    visit = visit_of(view, operation, VisitEvent.UPDATE)
    if isinstance(visit, Decline):
        return declined(codec, operation, visit)
    refused = _not_updated(view, operation, visit)
    if refused is not None:
        return declined(codec, operation, refused)
    return _done(codec, view, operation, replace(visit, details=operation.details))


def discharge(codec: Codec, view: View, operation: Discharge) -> Outcome:
    """Decide one Discharge on the view as it stands."""
    visit = visit_of(view, operation, VisitEvent.DISCHARGE)
    if isinstance(visit, Decline):
        return declined(codec, operation, visit)
    begun, on = visit.details.begun_on, operation.ended_on
    refused = None
    if not visit.is_stay:
        refused = _differs(visit, "med_type")
    elif on < begun:
        facts = {"on": on.isoformat(), "begun": begun.isoformat()}
        refused = Decline(ReplyCode.VISIT_DISCHARGE_BEFORE_ADMISSION, facts)
    else:
        refused = _lines_beyond(view, visit, date.min, on)
    if refused is not None:
        return declined(codec, operation, refused)
    details = visit.details
    if operation.diagnoses:
        details = replace(details, diagnoses=operation.diagnoses)
    ended = replace(visit, details=details, ended_on=on, state=VisitState.DISCHARGED)
    return _done(codec, view, operation, ended)


def cancel_visit(codec: Codec, view: View, operation: CancelVisit) -> Outcome:
    """Decide one CancelVisit on the view as it stands."""
    undo = operation.what is Cancellation.DISCHARGE
    event = VisitEvent.UNDISCHARGE if undo else VisitEvent.CANCEL
    visit = visit_of(view, operation, event)
    if isinstance(visit, Decline):
        return declined(codec, operation, visit)
    if undo:
        refused = _stay_open(view, visit.member_id)
        after = replace(visit, ended_on=None, state=VisitState.REGISTERED)
    else:
        admitted = operation.what is Cancellation.ADMISSION
        refused = None if admitted == visit.is_stay else _differs(visit, "what")
        if refused is None and visit.settlements:
            names = ", ".join(one.settlement_id for one in visit.settlements[-20:])
            refused = Decline(ReplyCode.VISIT_SETTLEMENTS_LIVE, {"settlements": names})
        after = replace(visit, state=VisitState.CANCELLED)
    if refused is not None:
        return declined(codec, operation, refused)
    return _done(codec, view, operation, after)


def get_visit(view: View, inquiry: GetVisit) -> Answer:
    """Answer how a visit stands, with a page of its lines when they are asked for."""
    visit = _named(view, inquiry)
    if isinstance(visit, Decline):
        return DeclineAnswer(inquiry.request_id, visit)
    after = inquiry.after_line
    lines = view.lines.get(visit.visit_id, {}) if after is not None else {}
    numbers = sorted(number for number in lines if number > (after or 0))[:PAGE_LINES]
    unsettled = visit.unsettled()
    told = tuple((lines[n], not within(lines[n].change, unsettled)) for n in numbers)
    return VisitToldAnswer(inquiry.request_id, visit, told, visit.unsettled_fen)


def visit_of(view: View, operation: OfVisit, event: VisitEvent) -> Visit | Decline:
    """Return the visit that a request names, or why this may not happen to it here and now."""
    visit = _named(view, operation)
    return visit if isinstance(visit, Decline) else refused_in(visit, event) or visit


def refused_in(visit: Visit, event: VisitEvent) -> Decline | None:
    """Return why something may not happen to a visit in the state it is in, if it may not."""
    if (visit.state, event) in TRANSITIONS:
        return None
    on = "-" if visit.ended_on is None else visit.ended_on.isoformat()
    return Decline(REFUSED_IN[visit.state], {"visit": visit.visit_id, "on": on})


def act_of(operation: VisitChange | Settle | Undo, view: View) -> Act:
    """Return who makes a change, when and why; a settlement is its own reason."""
    call = operation.call
    reason = Reason("", "") if isinstance(operation, Settle | Undo) else operation.reason
    return Act(
        operation.request_id,
        call.institution,
        call.received.terminal_id,
        reason.operator,
        reason.why,
        view.now,
    )


def changed(
    codec: Codec, view: View, operation: VisitChange, answer: Answer, *writes: Write
) -> Outcome:
    """Return the outcome of a request that changes a visit: a version of its person guards it."""
    before = view.people[operation.member_id]
    return Outcome(
        codec.encode(type(operation).__name__, answer),
        ReplyCode.OK,
        member_id=before.member_id,
        member=replace(before, version=before.version + 1),
        writes=writes,
    )


def declined(codec: Codec, operation: VisitChange, decline: Decline) -> Outcome:
    """Decline under the person: should a request before it be decided again, so is this."""
    answer = DeclineAnswer(operation.request_id, decline)
    known = decline.code is not ReplyCode.IDENTITY_UNKNOWN
    return Outcome(
        codec.encode(type(operation).__name__, answer),
        decline.code,
        member_id=operation.member_id if known else "",
    )


def _registered(view: View, operation: Register, member: Member, slot: Slot) -> Visit | Decline:
    """Return the visit as it is registered, or why it is not, by the lowest code."""
    call, details = operation.call, operation.details
    place = view.institution(call.institution)
    if isinstance(place, Decline):
        return place
    enrolment = enrolment_on(member, details.begun_on, operation.region, operation.insurance)
    if isinstance(enrolment, Decline):
        return enrolment
    made = visit_id(member.bucket, journal_id(slot.lane, slot.batch, slot.position))
    act = act_of(operation, view)
    visit = Visit(
        visit_id=made,
        member_id=member.member_id,
        institution=call.institution,
        number=operation.number,
        region=enrolment.region,
        insurance=enrolment.insurance,
        state=VisitState.REGISTERED,
        details=details,
        ended_on=None,
        stay=made,
        continues=operation.continues,
        change=0,
        lines=0,
        unsettled_fen=ZERO,
        settlements=(),
        registered=act,
        changed=act,
    )
    stay = _stay(view, visit)
    if isinstance(stay, Decline):
        return stay
    refused = _stay_open(view, member.member_id) if visit.is_stay else None
    return refused or _number_used(view, visit) or replace(visit, stay=stay)


def _stay(view: View, visit: Visit) -> str | Decline:
    """Name the stay a visit belongs to: its own, or the one before a transfer by policy."""
    if not visit.continues:
        return visit.stay
    earlier = view.visits.get(visit.continues)
    begun = visit.details.begun_on
    if (
        earlier is None
        or earlier.member_id != visit.member_id
        or not (earlier.is_stay and visit.is_stay)
        or earlier.state not in {VisitState.DISCHARGED, VisitState.SETTLED}
        or earlier.ended_on is None
        or earlier.ended_on > begun
    ):
        return Decline(ReplyCode.VISIT_NOT_CONTINUED, {"visit": visit.continues})
    book = view.reference.rules.books.get(visit.region)
    terms = None if book is None else book.stay_terms(visit.insurance, visit.details.kind, begun)
    return earlier.stay if goes_on(terms, earlier.ended_on, begun) else visit.stay


def _stay_open(view: View, member_id: str) -> Decline | None:
    """Return the decline that a person is in a stay already, if he is."""
    for other in view.visits.values():
        if other.member_id == member_id and other.is_open_stay:
            facts = {"visit": other.visit_id, "institution": other.institution}
            return Decline(ReplyCode.VISIT_STAY_OPEN, facts)
    return None


def _number_used(view: View, visit: Visit) -> Decline | None:
    key = (visit.member_id, visit.institution, visit.number)
    for other in view.visits.values():
        taken = (other.member_id, other.institution, other.number) == key
        if taken and other.state is VisitState.REGISTERED:
            return Decline(ReplyCode.VISIT_NUMBER_USED, {"visit": other.visit_id})
    return None


def _not_updated(view: View, operation: Update, visit: Visit) -> Decline | None:
    """Return why what is known of a visit may not change so, if it may not."""
    before, details = visit.details, operation.details
    if (details.kind in INPATIENT_KINDS) != visit.is_stay:
        return _differs(visit, "med_type")
    moved = (details.kind, details.begun_on) != (before.kind, before.begun_on)
    if moved and visit.settlements:
        names = ", ".join(one.settlement_id for one in visit.settlements[-20:])
        return Decline(ReplyCode.VISIT_SETTLEMENTS_LIVE, {"settlements": names})
    if details.begun_on == before.begun_on:
        return None
    first = earliest(view, replace(visit, details=details))
    return _lines_beyond(view, visit, first, date.max)


def earliest(view: View, visit: Visit) -> date:
    """Return the first day a line of a visit may have: care before a stay joins it by policy."""
    begun, terms = visit.details.begun_on, None
    if visit.is_stay and (book := view.reference.rules.books.get(visit.region)) is not None:
        terms = book.stay_terms(visit.insurance, visit.details.kind, begun)
    return first_day(terms, begun)


def _lines_beyond(view: View, visit: Visit, first: date, last: date) -> Decline | None:
    days = view.line_days.get(visit.visit_id)
    if days is None:
        return None
    code = ReplyCode.VISIT_LINES_BEYOND
    if days[0] < first:
        return Decline(code, {"line_day": days[0].isoformat(), "on": first.isoformat()})
    if days[1] > last:
        return Decline(code, {"line_day": days[1].isoformat(), "on": last.isoformat()})
    return None


def _named(view: View, operation: OfVisit) -> Visit | Decline:
    visit = view.visits.get(operation.visit_id)
    call = operation.call
    if visit is None or visit.member_id != operation.member_id:
        return Decline(ReplyCode.VISIT_UNKNOWN, {"visit": operation.visit_id})
    if call.terminal_class is TerminalClass.AGENCY:
        agency = view.reference.agencies.get(call.institution)
        ours = agency is not None and visit.region.startswith(agency.serves)
    else:
        ours = visit.institution == call.institution
    return visit if ours else Decline(ReplyCode.VISIT_OF_ANOTHER, {"visit": visit.visit_id})


def _differs(visit: Visit, field: str) -> Decline:
    return Decline(ReplyCode.VISIT_DIFFERS, {"field": field, "visit": visit.visit_id})


def _done(codec: Codec, view: View, operation: VisitChange, visit: Visit) -> Outcome:
    after = replace(visit, changed=act_of(operation, view))
    answer = VisitAnswer(operation.request_id, after)
    return changed(codec, view, operation, answer, after)
