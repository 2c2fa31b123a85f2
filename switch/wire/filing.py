"""Filings on the wire: requests to operations of the model, records to messages."""

import re
from datetime import date
from typing import Final

from medswitch.v1 import filing_pb2
from switch.model.answer import FilingAnswer, FilingsAnswer
from switch.model.call import Authenticated
from switch.model.codes import CROSS_CITY_FILINGS, FilingKind
from switch.model.fault import malformed
from switch.model.filing import FilingRecord
from switch.model.ids import MemberId, parse_member_id, parse_region
from switch.model.stages import File, ListFilings, Withdraw
from switch.wire import checks
from switch.wire.acts import act_message, reason_of
from switch.wire.outcome import done
from switch.wire.parse import parse
from switch.wire.person import FILING_KINDS, filing_message

FILING_ID_CHARACTERS_MAX: Final = 40

_KINDS: Final = {number: kind for kind, number in FILING_KINDS.items()}
_PLACE: Final = re.compile(r"[1-9][0-9]([0-9]{4})?")
_DISEASE: Final = re.compile(r"[A-Z0-9][A-Z0-9.\-]{1,19}")


def decode_file(call: Authenticated) -> File:
    """Return what a File asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(filing_pb2.FileRequest, call.received.body)
    kind = checks.one_of("kind", message.kind, _KINDS)
    _check_parts(message, kind)
    since = checks.day("since", message.since)
    return File(
        call,
        checks.request_id("request_id", message.request_id, call.institution),
        checks.shaped("member_id", message.member_id, parse_member_id),
        kind,
        _region(message.region_insured),
        checks.insurance("insurance", message.insurance),
        message.place,
        message.disease_code,
        checks.institution("institution", message.institution) if message.institution else "",
        since,
        _last_day(message.until, since),
        reason_of(message.reason if message.HasField("reason") else None),
        _relative(message.relative_id, kind),
    )


def decode_withdraw(call: Authenticated) -> Withdraw:
    """Return what a Withdraw asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(filing_pb2.WithdrawRequest, call.received.body)
    return Withdraw(
        call,
        checks.request_id("request_id", message.request_id, call.institution),
        checks.shaped("member_id", message.member_id, parse_member_id),
        checks.text_of("filing_id", message.filing_id, 1, FILING_ID_CHARACTERS_MAX),
        reason_of(message.reason if message.HasField("reason") else None),
    )


def decode_list(call: Authenticated) -> ListFilings:
    """Return what a ListFilings asks. Raises: Fault MALFORMED, NOT_PERMITTED."""
    message = parse(filing_pb2.ListFilingsRequest, call.received.body)
    return ListFilings(
        call,
        checks.request_id("request_id", message.request_id, call.institution),
        checks.shaped("member_id", message.member_id, parse_member_id),
        checks.one_of("kind", message.kind, _KINDS) if message.kind else None,
    )


def file_response(answer: FilingAnswer) -> filing_pb2.FileResponse:
    """Return the reply to File."""
    return filing_pb2.FileResponse(
        outcome=done(answer.request_id),
        member_id=answer.record.member_id,
        record=_record(answer.record),
    )


def withdraw_response(answer: FilingAnswer) -> filing_pb2.WithdrawResponse:
    """Return the reply to Withdraw."""
    return filing_pb2.WithdrawResponse(
        outcome=done(answer.request_id),
        member_id=answer.record.member_id,
        record=_record(answer.record),
    )


def list_response(answer: FilingsAnswer) -> filing_pb2.ListFilingsResponse:
    """Return the reply to ListFilings."""
    return filing_pb2.ListFilingsResponse(
        outcome=done(answer.request_id),
        member_id=answer.member_id,
        records=[_record(one) for one in answer.records],
    )


def _record(record: FilingRecord) -> filing_pb2.FilingRecord:
    message = filing_pb2.FilingRecord(filing=filing_message(record.filing))
    if record.granted is not None:
        message.granted.CopyFrom(act_message(record.granted))
    if record.ended is not None:
        message.ended.CopyFrom(act_message(record.ended))
    return message


def _check_parts(message: filing_pb2.FileRequest, kind: FilingKind) -> None:
    """Refuse a filing that leaves out what its kind is for, or names what is another kind's."""
    _check_part("place", message.place, kind, _PLACE, needed=kind in CROSS_CITY_FILINGS)
    special = kind is FilingKind.SPECIAL_DISEASE
    _check_part("disease_code", message.disease_code, kind, _DISEASE, needed=special)
    if kind is FilingKind.DESIGNATED and not message.institution:
        raise malformed("institution", f"institution is missing; a {kind} filing chooses one")


def _check_part(
    field: str, text: str, kind: FilingKind, shape: re.Pattern[str], *, needed: bool
) -> None:
    if not needed and text:
        raise malformed(field, f"{field} {text[:12]!r} is not for a {kind} filing; leave it out")
    if needed and not shape.fullmatch(text):
        raise malformed(field, f"{field} {text[:12]!r} is none; a {kind} filing needs it")


def _relative(text: str, kind: FilingKind) -> MemberId | None:
    if kind is FilingKind.FAMILY:
        return checks.shaped("relative_id", text, parse_member_id)
    if text:
        raise malformed("relative_id", f"relative_id is not for a {kind} filing; leave it out")
    return None


def _region(text: str) -> str:
    return checks.shaped("region_insured", text, parse_region) if text else ""


def _last_day(text: str, since: date) -> date | None:
    if not text:
        return None
    until = checks.day("until", text)
    if until < since:
        raise malformed("until", f"until {until} lies before the first day, {since}")
    return until
