"""Reconciliation: the institution's records in, classified differences out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from medswitch.v1 import reconciliation_pb2 as pb
from switch.model.call import Authenticated
from switch.model.fault import malformed
from switch.model.ids import InstitutionCode
from switch.model.money import AMOUNT_FEN_MAX
from switch.recon.difference import Difference, Kind, Repair
from switch.recon.record import Group, Leg, Parts, Record, Scope, Total
from switch.recon.totals import Balance, GroupTotal
from switch.wire import checks
from switch.wire.outcome import done, epoch_ms
from switch.wire.parse import parse

DAYS_MAX: Final = 93
"""A quarter: 31 + 31 + 31 at most."""
RECORDS_MAX: Final = 5_000
"""Records of one frame: some 700 KB."""
_SUM_FEN_MAX: Final = 2**62

_KINDS: Final[Mapping[Kind, pb.DifferenceKind.ValueType]] = {
    kind: pb.DifferenceKind.Value(f"DIFFERENCE_KIND_{kind.name}") for kind in Kind
}
_REPAIRS: Final[Mapping[Repair, pb.Repair.ValueType]] = {
    repair: pb.Repair.Value(f"REPAIR_{repair.name}") for repair in Repair
}


@dataclass(frozen=True, slots=True)
class TotalsQuery:
    """3201: the institution's totals of a scope."""

    scope: Scope
    stated: Mapping[Group, Total]


@dataclass(frozen=True, slots=True)
class Piece:
    """A frame's content. `scope` is given in the first frame."""

    scope: Scope | None
    records: tuple[Record, ...]
    complete: bool
    stated: Total | None


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it came: nothing believed."""

    method: str
    n: int
    body: bytes
    mac: bytes


def decode_totals(call: Authenticated) -> TotalsQuery:
    """Return the question of CompareTotals. Raises: Fault."""
    message = parse(pb.CompareTotalsRequest, call.received.body)
    scope = _scope(message.since, message.until, call.institution)
    stated: dict[Group, Total] = {}
    for place, one in enumerate(message.totals):
        field = f"totals[{place}]"
        group = _group(field, one.business_day, one, scope)
        if group in stated:
            raise malformed(field, f"{field} states a group a second time; state each once")
        stated[group] = _total(f"{field}.institution", one.institution)
    return TotalsQuery(scope, stated)


def encode_totals(groups: Sequence[GroupTotal]) -> bytes:
    """Return the reply of CompareTotals."""
    reply = pb.CompareTotalsResponse(outcome=done(""), equal=all(one.equal for one in groups))
    for one in groups:
        said = reply.totals.add(
            business_day=one.group.day.isoformat(),
            insurance=one.group.insurance,
            clearing_type=one.group.clearing_type,
            region_insured=one.group.region,
            switch_total=_total_message(one.ours),
            equal=one.equal,
        )
        if one.theirs is not None:
            said.institution.CopyFrom(_total_message(one.theirs))
    return reply.SerializeToString()


def decode_frame(body: bytes) -> Frame:
    """Return a frame. Raises: Fault."""
    message = parse(pb.CompareDetailsRequest, body)
    return Frame(message.method, message.n, message.body, message.mac)


def encode_frame_reply(n: int, status: int, body: bytes, mac: bytes) -> bytes:
    """Return the answer to a frame."""
    return pb.CompareDetailsResponse(n=n, status=status, body=body, mac=mac).SerializeToString()


def decode_piece(body: bytes, institution: InstitutionCode, opened: Scope | None) -> Piece:
    """Return what a frame holds. `opened`: the scope, once it was given. Raises: Fault."""
    message = parse(pb.CompareDetailsPart, body)
    scope = opened
    if scope is None:
        scope = _scope(message.since, message.until, institution)
    elif message.since or message.until:
        raise malformed("since", "since and until stand in the first frame only")
    if len(message.records) > RECORDS_MAX:
        raise malformed("records", f"records are at most {RECORDS_MAX} a frame; send more frames")
    records = tuple(
        _record(f"records[{place}]", one, scope) for place, one in enumerate(message.records)
    )
    stated = _total("stated", message.stated) if message.HasField("stated") else None
    return Piece(scope if opened is None else None, records, message.complete, stated)


def encode_findings(found: Sequence[Difference], *, more: bool) -> bytes:
    """Return what is known after a frame."""
    differences = [difference_message(one) for one in found]
    return pb.CompareDetailsFindings(differences=differences, more=more).SerializeToString()


def encode_summary(balance: Balance, differences: int, silent: int, comparison: int) -> bytes:
    """Return the end of a comparison."""
    return pb.CompareDetailsSummary(
        switch_total=_total_message(balance.ours),
        institution=_total_message(balance.theirs),
        stated=_total_message(balance.stated),
        explained=_amounts(balance.explained),
        remainder=_amounts(balance.remainder),
        differences=differences,
        silent=silent,
        comparison=comparison,
    ).SerializeToString()


def decode_list(call: Authenticated) -> Scope:
    """Return the scope of ListDifferences. Raises: Fault."""
    message = parse(pb.ListDifferencesRequest, call.received.body)
    return _scope(message.since, message.until, call.institution)


def encode_listed(comparison: int, at: datetime, difference: Difference) -> bytes:
    """Return one message of ListDifferences."""
    return pb.ListDifferencesResponse(
        comparison=comparison,
        compared_at_ms=epoch_ms(at),
        difference=difference_message(difference),
    ).SerializeToString()


def difference_message(one: Difference) -> pb.Difference:
    """Return a difference."""
    message = pb.Difference(
        kind=_KINDS[one.kind], repair=_REPAIRS[one.repair], explains=_amounts(one.explains)
    )
    if one.ours is not None:
        message.switch_record.CopyFrom(_record_message(one.ours))
    if one.theirs is not None:
        message.institution_record.CopyFrom(_record_message(one.theirs))
    return message


def _scope(since: str, until: str, institution: InstitutionCode) -> Scope:
    scope = Scope(institution, checks.day("since", since), checks.day("until", until))
    days = (scope.until - scope.since).days + 1
    if not 1 <= days <= DAYS_MAX:
        raise malformed("until", f"since and until span {days} days; ask for 1..{DAYS_MAX}")
    return scope


def _record(field: str, one: pb.CompareRecord, scope: Scope) -> Record:
    if one.undone_by:
        raise malformed(f"{field}.undone_by", f"{field}.undone_by is the switch's to say")
    amounts = (one.total_fen, one.fund_fen, one.account_fen)
    if any(abs(amount) > AMOUNT_FEN_MAX for amount in amounts):
        raise malformed(field, f"{field} holds an amount above {AMOUNT_FEN_MAX}")
    return Record(
        checks.request_id(f"{field}.request_id", one.request_id, scope.institution),
        Leg.UNDONE if one.undone else Leg.SETTLED,
        checks.text_of(f"{field}.member_id", one.member_id, 0, 30),
        _group(field, one.business_day, one, scope),
        Parts(*amounts),
        checks.text_of(f"{field}.settlement_id", one.settlement_id, 0, 30),
    )


def _group(
    field: str, business_day: str, one: pb.CompareRecord | pb.GroupTotal, scope: Scope
) -> Group:
    day = checks.day(f"{field}.business_day", business_day)
    if not scope.since <= day <= scope.until:
        raise malformed(
            f"{field}.business_day", f"{field} is of {day}, outside {scope.since}..{scope.until}"
        )
    return Group(
        day,
        checks.text_of(f"{field}.insurance", one.insurance, 0, 6),
        checks.text_of(f"{field}.clearing_type", one.clearing_type, 0, 30),
        checks.text_of(f"{field}.region_insured", one.region_insured, 0, 6),
    )


def _total(field: str, one: pb.CompareTotal) -> Total:
    amounts = one.amounts
    values = (one.count, amounts.total_fen, amounts.fund_fen, amounts.account_fen)
    if any(abs(value) > _SUM_FEN_MAX for value in values):
        raise malformed(field, f"{field} is above any sum there is; amounts are in fen")
    return Total(one.count, Parts(*values[1:]))


def _total_message(total: Total) -> pb.CompareTotal:
    return pb.CompareTotal(count=total.count, amounts=_amounts(total.parts))


def _amounts(parts: Parts) -> pb.CompareAmounts:
    return pb.CompareAmounts(
        total_fen=parts.total_fen, fund_fen=parts.fund_fen, account_fen=parts.account_fen
    )


def _record_message(record: Record) -> pb.CompareRecord:
    return pb.CompareRecord(
        request_id=record.settlement,
        undone=record.leg is Leg.UNDONE,
        business_day=record.group.day.isoformat(),
        member_id=record.member_id,
        total_fen=record.parts.total_fen,
        fund_fen=record.parts.fund_fen,
        account_fen=record.parts.account_fen,
        insurance=record.group.insurance,
        clearing_type=record.group.clearing_type,
        region_insured=record.group.region,
        settlement_id=record.settlement_id,
        undone_by=record.act if record.leg is Leg.UNDONE else "",
    )
