"""The person as a message: 1101's answer."""

from collections.abc import Mapping
from typing import Final

from medswitch.v1 import settlement_pb2
from switch.model.codes import CardStatus, FilingKind
from switch.model.member import Enrolment, Filing, Member
from switch.wire.outcome import iso
from switch.wire.split import MEMBER_CLASSES

CARD_STATUSES: Final[Mapping[CardStatus, settlement_pb2.CardStatus.ValueType]] = {
    status: settlement_pb2.CardStatus.Value(f"CARD_STATUS_{status.name}") for status in CardStatus
}
FILING_KINDS: Final[Mapping[FilingKind, settlement_pb2.FilingKind.ValueType]] = {
    kind: settlement_pb2.FilingKind.Value(f"FILING_KIND_{kind.name}") for kind in FilingKind
}


def member_message(member: Member) -> settlement_pb2.Member:
    """Return all that the institution may know of a person who proved himself."""
    return settlement_pb2.Member(
        member_id=member.member_id,
        social_security_number=member.social_security_number,
        name=member.name,
        sex=member.sex,
        born_on=member.born_on.isoformat(),
        card_status=CARD_STATUSES[member.card_status],
        account_current_fen=member.account_current_fen,
        account_earlier_fen=member.account_earlier_fen,
        account_fen=member.account_current_fen + member.account_earlier_fen,
        enrolments=[_enrolment(enrolment) for enrolment in member.enrolments],
        filings=[filing_message(filing) for filing in member.filings],
        accumulators=[
            settlement_pb2.Accumulator(year_key=key, name=name, value=values[name])
            for key, values in sorted(member.accumulators.items())
            for name in sorted(values)
        ],
    )


def _enrolment(enrolment: Enrolment) -> settlement_pb2.Enrolment:
    return settlement_pb2.Enrolment(
        region=enrolment.region,
        insurance=enrolment.insurance,
        member_class=MEMBER_CLASSES[enrolment.member_class],
        since=enrolment.since.isoformat(),
        until=iso(enrolment.until),
    )


def filing_message(filing: Filing) -> settlement_pb2.Filing:
    """Return a filing as a message."""
    return settlement_pb2.Filing(
        filing_id=filing.filing_id,
        kind=FILING_KINDS[filing.kind],
        region=filing.region,
        place=filing.place,
        disease_code=filing.disease_code,
        since=filing.since.isoformat(),
        until=iso(filing.until),
        institution=filing.institution,
        relative_id=filing.relative,
    )
