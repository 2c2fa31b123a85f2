"""Filings: taken, withdrawn, told. Each change is recorded and makes a version of its person.

A relative's account that is to pay, too (共济), is bound by a filing: `family` says what it pays.

The agency files for the people of the regions it serves; an institution where the insured place's
dated policy lets it. Nothing is deleted: a withdrawn filing ends on the day before.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Final

from switch.model.act import Act, Reason
from switch.model.answer import DeclineAnswer, FilingAnswer, FilingsAnswer
from switch.model.call import Authenticated
from switch.model.codes import CROSS_CITY_FILINGS, FilingKind
from switch.model.decision import Decline
from switch.model.filing import FilingRecord
from switch.model.ids import BEIJING, InstitutionCode, MemberId, RegionCode, city_of, journal_id
from switch.model.member import Enrolment, Filing, Institution, Member
from switch.model.reply import ReplyCode
from switch.model.stages import File, ListFilings, Withdraw
from switch.model.terminal import TerminalClass
from switch.pipeline.enrolment import enrolment_on
from switch.pipeline.ports import Codec
from switch.pipeline.view import Outcome, Slot, View
from switch.rules.book import RuleBook
from switch.rules.elsewhere import area_of
from switch.rules.filing import FilingTerms, overlapping, period, place_of
from switch.rules.regions import known_place

FILINGS_MAX: Final = 200
"""Filings of one person, ended ones included: every settlement reads them all."""

_DAY: Final = timedelta(days=1)


def file(codec: Codec, view: View, operation: File, slot: Slot) -> Outcome:
    """Decide one File on the view as it stands."""
    member = view.people.get(operation.member_id)
    if member is None:
        return _declined(codec, operation, Decline(ReplyCode.IDENTITY_UNKNOWN, {}), None)
    granted = _granted(view, operation, member, slot)
    if isinstance(granted, Decline):
        return _declined(codec, operation, granted, member)
    filing, book = granted
    act = act_of(operation.call, operation, operation.reason, view.now)
    record = FilingRecord(member.member_id, filing, act)
    outcome = _done(codec, operation, member, (*member.filings, filing), record)
    return replace(outcome, rule_book=book.hash)


def withdraw(codec: Codec, view: View, operation: Withdraw) -> Outcome:
    """Decide one Withdraw on the view as it stands."""
    member = view.people.get(operation.member_id)
    if member is None:
        return _declined(codec, operation, Decline(ReplyCode.IDENTITY_UNKNOWN, {}), None)
    record = view.filings.get(member.member_id, {}).get(operation.filing_id)
    yesterday = _today(view.now) - _DAY
    refused = _not_withdrawn(view, operation, record, yesterday)
    if record is None or refused is not None:
        refused = refused or Decline(ReplyCode.FILING_UNKNOWN, {"filing": operation.filing_id})
        return _declined(codec, operation, refused, member)
    ended = replace(
        record,
        filing=replace(record.filing, until=yesterday),
        ended=act_of(operation.call, operation, operation.reason, view.now),
    )
    filings = (
        ended.filing if one.filing_id == operation.filing_id else one for one in member.filings
    )
    return _done(codec, operation, member, filings, ended)


def list_filings(view: View, inquiry: ListFilings) -> FilingsAnswer | DeclineAnswer:
    """Answer 5301, 5302, 5304: what this caller may know of a person's filings."""
    if inquiry.member_id not in view.people:
        decline = Decline(ReplyCode.IDENTITY_UNKNOWN, {})
        return DeclineAnswer(inquiry.request_id, decline)
    records = tuple(
        record
        for record in view.filings.get(inquiry.member_id, {}).values()
        if inquiry.kind in {None, record.filing.kind} and _may_know(view, inquiry.call, record)
    )
    return FilingsAnswer(inquiry.request_id, inquiry.member_id, records)


def act_of(call: Authenticated, operation: File | Withdraw, reason: Reason, at: datetime) -> Act:
    """Return who makes a change, when and why."""
    return Act(
        operation.request_id,
        call.institution,
        call.received.terminal_id,
        reason.operator,
        reason.why,
        at,
    )


def _granted(
    view: View, operation: File, member: Member, slot: Slot
) -> tuple[Filing, RuleBook] | Decline:
    """Return the filing as it is taken and the book that allows it, or why it is not taken.

    Of several reasons the one with the lowest code is given, so the checks stand in that order.
    """
    today = _today(view.now)
    enrolment = enrolment_on(member, operation.since, operation.region, operation.insurance)
    if isinstance(enrolment, Decline):
        return enrolment
    book = view.reference.rules.books.get(enrolment.region)
    terms = None if book is None else book.filing_terms(enrolment.insurance, operation.kind, today)
    if book is None or terms is None:
        return Decline(
            ReplyCode.POLICY_NOT_HELD,
            {
                "region": enrolment.region,
                "insurance": enrolment.insurance,
                "kind": operation.kind,
                "on": today.isoformat(),
            },
        )
    refused = _caller(view, operation, enrolment.region, terms)
    if refused is None:
        refused = _subject(view, operation, enrolment, book)
    if refused is not None:
        return refused
    days = period(terms, operation.since, operation.until, today)
    if isinstance(days, Decline):
        return days
    filing = Filing(
        f"BA{journal_id(slot.lane, slot.batch, slot.position):019d}",
        operation.kind,
        enrolment.region,
        place_of(operation.place),
        operation.disease_code,
        *days,
        operation.institution,
        operation.relative or "",
    )
    return _room_for(filing, member) or (filing, book)


def _caller(view: View, operation: File, region: RegionCode, terms: FilingTerms) -> Decline | None:
    """Return why this caller may not take this filing, if it may not."""
    code = operation.call.institution
    if operation.call.terminal_class is TerminalClass.AGENCY:
        return _served(view, code, region)
    place = view.reference.institutions.get(code)
    if place is None or not _designated(place, _today(view.now)):
        on = _today(view.now).isoformat()
        return Decline(ReplyCode.INSTITUTION_NOT_DESIGNATED, {"on": on})
    if area_of(place, region) not in terms.institutions:
        facts = {"region": region, "kind": str(operation.kind)}
        return Decline(ReplyCode.FILING_AGENCY_ONLY, facts)
    return None


def _served(view: View, code: InstitutionCode, region: str) -> Decline | None:
    agency = view.reference.agencies.get(code)
    if agency is None or not region.startswith(agency.serves):
        return Decline(ReplyCode.FILING_NOT_SERVED, {"region": region})
    return None


def _subject(view: View, operation: File, enrolment: Enrolment, book: RuleBook) -> Decline | None:
    """Return what is wrong with the place, the disease or the institution, if anything is."""
    region, place = enrolment.region, operation.place
    if operation.kind in CROSS_CITY_FILINGS:
        if not known_place(place, view.reference.regions):
            return Decline(ReplyCode.FILING_PLACE_UNKNOWN, {"place": place})
        if city_of(place_of(place)) == city_of(region):
            facts = {"place": place, "region": region}
            return Decline(ReplyCode.FILING_PLACE_AT_HOME, facts)
    if operation.kind is FilingKind.SPECIAL_DISEASE:
        listed = book.diseases(enrolment.insurance, operation.since)
        if listed is None or operation.disease_code not in listed:
            facts = {"disease": operation.disease_code, "region": region}
            return Decline(ReplyCode.FILING_DISEASE_UNKNOWN, facts)
    if operation.institution:
        found = view.reference.institutions.get(operation.institution)
        if found is None or not _designated(found, operation.since):
            facts = {"institution": operation.institution, "on": operation.since.isoformat()}
            return Decline(ReplyCode.FILING_INSTITUTION_UNKNOWN, facts)
    return None if operation.relative is None else _relative(view, operation, enrolment.region)


def _relative(view: View, operation: File, region: RegionCode) -> Decline | None:
    """Return why a relative's account may not be bound, if it may not.

    Accounts pay within one region: its book holds them, and each book balances alone.
    """
    relative = view.people.get(operation.relative or operation.member_id)
    if relative is None or relative.member_id == operation.member_id:
        facts = {"relative": operation.relative or ""}
        return Decline(ReplyCode.FILING_RELATIVE_UNKNOWN, facts)
    if any(one.region == region and one.covers(operation.since) for one in relative.enrolments):
        return None
    return Decline(
        ReplyCode.FILING_RELATIVE_ELSEWHERE,
        {
            "relative": relative.member_id,
            "region": region,
            "on": operation.since.isoformat(),
        },
    )


def _room_for(filing: Filing, member: Member) -> Decline | None:
    """Return why a person has no room for one more filing, if he has none."""
    other = overlapping(filing, member.filings)
    if other is not None:
        return Decline(
            ReplyCode.FILING_OVERLAPS,
            {
                "filing": other.filing_id,
                "since": other.since.isoformat(),
                "until": "-" if other.until is None else other.until.isoformat(),
            },
        )
    if len(member.filings) >= FILINGS_MAX:
        return Decline(ReplyCode.FILINGS_TOO_MANY, {"limit": str(FILINGS_MAX)})
    return None


def _not_withdrawn(
    view: View, operation: Withdraw, record: FilingRecord | None, yesterday: date
) -> Decline | None:
    """Return why a filing is not withdrawn, if it is not."""
    if record is None:
        return None
    call, filing = operation.call, record.filing
    if call.terminal_class is TerminalClass.AGENCY:
        refused = _served(view, call.institution, filing.region)
        if refused is not None:
            return refused
    elif record.granted is None or record.granted.institution != call.institution:
        return Decline(ReplyCode.FILING_OF_ANOTHER, {"filing": filing.filing_id})
    if record.ended is not None or (filing.until is not None and filing.until <= yesterday):
        until = "-" if filing.until is None else filing.until.isoformat()
        return Decline(ReplyCode.FILING_OVER, {"filing": filing.filing_id, "until": until})
    return None


def _may_know(view: View, call: Authenticated, record: FilingRecord) -> bool:
    """Say whether a caller may be told of a filing of a person who has shown no credential."""
    if call.terminal_class is TerminalClass.AGENCY:
        return _served(view, call.institution, record.filing.region) is None
    took = record.granted is not None and record.granted.institution == call.institution
    return took or record.filing.institution == call.institution


def _designated(place: Institution, on: date) -> bool:
    return place.since <= on and (place.until is None or on <= place.until)


def _today(now: datetime) -> date:
    return now.astimezone(BEIJING).date()


def _done(
    codec: Codec,
    operation: File | Withdraw,
    before: Member,
    filings: Iterable[Filing],
    record: FilingRecord,
) -> Outcome:
    answer = FilingAnswer(operation.request_id, record)
    return Outcome(
        codec.encode(type(operation).__name__, answer),
        ReplyCode.OK,
        member_id=before.member_id,
        member=replace(
            before,
            version=before.version + 1,
            filings=tuple(sorted(filings, key=attrgetter("filing_id"))),
        ),
        writes=(record,),
    )


def _declined(
    codec: Codec, operation: File | Withdraw, decline: Decline, member: Member | None
) -> Outcome:
    """Decline under the person: should a request before it be decided again, so is this."""
    answer = DeclineAnswer(operation.request_id, decline)
    member_id: MemberId | str = "" if member is None else member.member_id
    return Outcome(
        codec.encode(type(operation).__name__, answer), decline.code, member_id=member_id
    )
