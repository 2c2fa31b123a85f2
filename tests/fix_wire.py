"""Good requests and answers to start from, and the ways to spoil them that cases name."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from google.protobuf.message import Message

from medswitch.v1 import card_pb2, common_pb2, filing_pb2, settlement_pb2
from switch.model.answer import PresettleAnswer, SettleAnswer
from switch.model.call import Authenticated, Received
from switch.model.claim import Claim
from switch.model.codes import (
    CardStatus,
    FilingKind,
    FundPayType,
    InjuryCause,
    Insurance,
    MemberClass,
)
from switch.model.decision import Decision, LineScope, Payer, Split, Step, YearToDate
from switch.model.ids import (
    CardIdentifier,
    InstitutionCode,
    MemberId,
    RegionCode,
    RequestId,
    SessionId,
    SettlementId,
    SocialSecurityNumber,
    TerminalId,
)
from switch.model.member import Card, Enrolment, Filing, Member
from switch.model.money import Fen
from switch.wire.methods import PATHS
from tests.fix_wire_visits import good_visit_requests

INSTITUTION = InstitutionCode("H33020000001")
REQUEST = RequestId("H33020000001201812011000000001")
ORIGINAL = RequestId("H33020000001201812011000000000")
RECEIVED_AT = datetime(2018, 12, 1, 2, 0, 5, 123_000, tzinfo=UTC)
NUMBER = SocialSecurityNumber("330203195001011238")
IDENTIFIER = CardIdentifier(bytes.fromhex("330200D1560000050000000000000001"))
MEMBER = MemberId("0001A0000001")
SETTLEMENT = SettlementId("201812010000000549755815936")


def call_of(method: str, body: bytes, received_at: datetime = RECEIVED_AT) -> Authenticated:
    """Return a proven call of the institution."""
    received = Received(
        PATHS.get(method, method), TerminalId("T1"), SessionId(bytes(16)), 1, bytes(16), body,
        received_at,
    )  # fmt: skip
    return Authenticated(received, INSTITUTION)


def line_message(number: int, **fields: Any) -> common_pb2.FeeLine:
    """Return a good line: 2 boxes at 12.34 yuan."""
    known: dict[str, Any] = {
        "number": number,
        "code": f"DEMO-{number}",
        "name": "阿莫西林胶囊",
        "on": "2018-12-01",
        "quantity_e4": 20_000,
        "unit_price_e4": 123_400,
        "amount_fen": 2_468,
    }
    return common_pb2.FeeLine(**{**known, **fields})


def good_claim() -> common_pb2.Claim:
    """Return a good claim of three lines, the third withdrawing half of the second."""
    return common_pb2.Claim(
        request_id=REQUEST,
        region_care="330299",
        region_insured="330299",
        insurance="310",
        kind="11",
        use_account=True,
        service_on="2018-12-01",
        injury_cause=common_pb2.INJURY_CAUSE_NONE,
        diagnoses=["J06.9", "I10"],
        lines=[
            line_message(1),
            line_message(2),
            line_message(3, code="DEMO-2", quantity_e4=-10_000, amount_fen=-1_234, withdraws=2),
        ],
        total_fen=3_702,
    )


def good_evidence(*, signed: bool) -> common_pb2.Evidence:
    """Return a card's evidence: with the time it signed for Settle, without for the others."""
    return common_pb2.Evidence(
        card=common_pb2.CardEvidence(
            scheme="medswitch-1",
            identifier=IDENTIFIER,
            number="A12345678",
            social_security_number=NUMBER,
            specification="2.00",
            issued_on="2012-01-01",
            expires_on="2032-01-01",
            atc=7,
            proof=b"12345678",
            signed_at="20181201100004" if signed else "",
        )
    )


def good_original() -> settlement_pb2.Original:
    """Return the name of a Settle to undo or to ask about."""
    return settlement_pb2.Original(
        request_id=ORIGINAL, method="Settle", member_id=MEMBER, total_fen=3_702
    )


def good_requests() -> dict[str, Message]:
    """Return a good request of each method."""
    return {
        "ReadMember": settlement_pb2.ReadMemberRequest(
            request_id=REQUEST, evidence=good_evidence(signed=False)
        ),
        "Presettle": settlement_pb2.PresettleRequest(
            claim=good_claim(), evidence=good_evidence(signed=False)
        ),
        "Settle": settlement_pb2.SettleRequest(
            claim=good_claim(),
            evidence=good_evidence(signed=True),
            expected=settlement_pb2.Expected(fund_fen=1_000, account_fen=2_000),
            settle_nonce=bytes(range(16)),
        ),
        "Cancel": settlement_pb2.CancelRequest(request_id=REQUEST, original=good_original()),
        "Reverse": settlement_pb2.ReverseRequest(request_id=REQUEST, original=good_original()),
        "GetSettlement": settlement_pb2.GetSettlementRequest(original=good_original()),
        "File": filing_pb2.FileRequest(
            request_id=REQUEST,
            member_id=MEMBER,
            kind=settlement_pb2.FILING_KIND_REFERRAL,
            region_insured="330299",
            insurance="310",
            place="330100",
            institution="H33010000001",
            since="2018-12-01",
            until="2019-05-31",
            reason=common_pb2.Reason(operator="王一", why="转上级医院"),
        ),
        "Withdraw": filing_pb2.WithdrawRequest(
            request_id=REQUEST,
            member_id=MEMBER,
            filing_id="BA0000000000549755815936",
            reason=common_pb2.Reason(operator="王一", why="已返回"),
        ),
        "ListFilings": filing_pb2.ListFilingsRequest(
            request_id=REQUEST, member_id=MEMBER, kind=settlement_pb2.FILING_KIND_REFERRAL
        ),
        **good_visit_requests(REQUEST, MEMBER, list(good_claim().lines)),
        **card_requests(),
    }


def card_requests() -> dict[str, Message]:
    """Return a good request of each method of the card office."""
    asked = card_pb2.CardRequest(
        request_id=REQUEST,
        social_security_number=NUMBER,
        channel=card_pb2.CARD_CHANNEL_COUNTER,
        reason=common_pb2.Reason(operator="王一", why="本人申请"),
    )
    new = card_pb2.CardRecord(
        identifier=IDENTIFIER,
        suite=1,
        key_version=1,
        specification="2.00",
        issued_on="2018-11-30",
        expires_on="2028-11-30",
    )
    lock = card_pb2.CARD_LOCK_PERSON
    return {
        "ReportLost": card_pb2.ReportLostRequest(request=asked),
        "ConfirmLost": card_pb2.ConfirmLostRequest(request=asked),
        "Release": card_pb2.ReleaseRequest(request=asked),
        "Replace": card_pb2.ReplaceRequest(request=asked, card=new),
        "LockCard": card_pb2.LockCardRequest(
            request=asked, lock=lock, since="2018-12-01", until="2018-12-31"
        ),
        "UnlockCard": card_pb2.UnlockCardRequest(request=asked, lock=lock),
        "GetCard": card_pb2.GetCardRequest(request_id=REQUEST, social_security_number=NUMBER),
        "GetHolder": card_pb2.GetHolderRequest(
            request_id=REQUEST, evidence=good_evidence(signed=False), year=2018
        ),
    }


def put(message: Message, path: str, value: Any) -> None:
    """Put a value at a path such as `claim.lines[0].amount_fen`; messages are given as tables."""
    *steps, last = re.findall(r"\w+", path)
    target: Any = message
    for step in steps:
        target = target[int(step)] if step.isdigit() else getattr(target, step)
    if isinstance(value, Mapping):
        getattr(target, last).CopyFrom(type(getattr(target, last))(**value))
    elif isinstance(value, list):
        del getattr(target, last)[:]
        getattr(target, last).extend(value)
    elif isinstance(getattr(target, last), bytes):
        setattr(target, last, value.encode("latin1"))
    else:
        setattr(target, last, value)


def clear(message: Message, path: str) -> None:
    """Leave out the field at a path such as `request.reason`."""
    *steps, last = path.split(".")
    target: Any = message
    for step in steps:
        target = getattr(target, step)
    target.ClearField(last)


def claim_message(claim: Claim) -> common_pb2.Claim:
    """Return a claim as a terminal would send it."""
    causes = {
        InjuryCause.NONE: common_pb2.INJURY_CAUSE_NONE,
        InjuryCause.WORK: common_pb2.INJURY_CAUSE_WORK,
        InjuryCause.THIRD_PARTY: common_pb2.INJURY_CAUSE_THIRD_PARTY,
    }
    message = common_pb2.Claim(
        request_id=claim.request_id,
        region_care=claim.region_care,
        region_insured=claim.region_insured,
        insurance=claim.insurance,
        kind=claim.kind,
        use_account=claim.use_account,
        visit_id=claim.visit_id,
        service_on=claim.service_on.isoformat(),
        admitted_on="" if claim.admitted_on is None else claim.admitted_on.isoformat(),
        discharged_on="" if claim.discharged_on is None else claim.discharged_on.isoformat(),
        interim=claim.interim,
        injury_cause=causes[claim.injury_cause],
        diagnoses=claim.diagnoses,
        disease_code=claim.disease_code,
        lines=[
            common_pb2.FeeLine(
                number=line.number,
                code=line.code,
                name=line.name,
                on=line.on.isoformat(),
                quantity_e4=line.quantity_e4,
                unit_price_e4=line.unit_price_e4,
                amount_fen=line.amount_fen,
                disease_code=line.disease_code,
                withdraws=line.withdraws,
            )
            for line in claim.lines
        ],
        total_fen=claim.total_fen,
    )
    if claim.prescription is not None:
        written = claim.prescription
        message.prescription.number = written.number
        message.prescription.institution = written.institution
        message.prescription.on = written.on.isoformat()
    return message


def a_member() -> Member:
    """Return a retired employee with a filing, a spell that ended and a yearly sum."""
    region = RegionCode("330299")
    return Member(
        member_id=MEMBER,
        bucket=1,
        version=4,
        social_security_number=NUMBER,
        name="张三",
        sex="1",
        born_on=date(1950, 1, 1),
        card=Card(IDENTIFIER, "A12345678", 1, 1, "2.00", date(2012, 1, 1), date(2032, 1, 1)),
        card_status=CardStatus.NORMAL,
        locked_since=None,
        locked_until=None,
        atc=6,
        account_current_fen=Fen(100),
        account_earlier_fen=Fen(200),
        enrolments=(
            Enrolment(
                region,
                Insurance.EMPLOYEE,
                MemberClass.IN_SERVICE,
                date(1999, 1, 1),
                date(2009, 12, 31),
            ),
            Enrolment(region, Insurance.EMPLOYEE, MemberClass.RETIRED, date(2010, 1, 1), None),
        ),
        filings=(
            Filing(
                "F1", FilingKind.REFERRAL, region, "3301", "", date(2018, 1, 1), date(2018, 12, 31)
            ),
        ),
        accumulators={"330299/310/2018": {"in_scope": 12_000, "fund": 8_000}},
    )


def a_decision(split: Split | None = None) -> Decision:
    """Return a decision whose working has a step with a rate and one with a limit of zero."""
    return Decision(
        region_insured=RegionCode("330299"),
        region_care=RegionCode("330199"),
        insurance=Insurance.EMPLOYEE,
        member_class=MemberClass.RETIRED,
        clearing_type="11",
        filing_id="F1",
        split=split
        or Split(
            total_fen=Fen(3_702),
            own_expense_fen=Fen(100),
            over_limit_fen=Fen(50),
            first_self_pay_fen=Fen(52),
            in_scope_fen=Fen(3_500),
            deductible_fen=Fen(500),
            payers=(
                Payer(FundPayType.EMPLOYEE_POOLED, Fen(2_000)),
                Payer(FundPayType.LARGE_AMOUNT, Fen(300)),
            ),
            hospital_fen=Fen(2),
            account_current_fen=Fen(400),
            account_earlier_fen=Fen(300),
            account_relative_fen=Fen(0),
            cash_fen=Fen(700),
        ),
        working=(
            Step("scope.b@2018-01-01", 1_000, 52, rate_bp=520, line=2, note_zh="先行自付"),
            Step("ceiling@2018-01-01", 3_500, 3_500, limit_fen=0, left_fen=0, note_en="Ceiling"),
        ),
        deltas={"330299/310/2018": {"in_scope": 3_500}},
        consulted=frozenset({"330299/310/2018#in_scope"}),
        year_to_date=(YearToDate("fund", 10_300, 20_000_000), YearToDate("in_scope", 15_500, None)),
        rule_book="ab" * 32,
        ruled_on=date(2018, 12, 1),
        parts={"own_expense": 100, "over_limit": 50, "first_self_pay": 52, "deductible": 500},
        lines=(LineScope(1, 100, 50, 0, 1_000), LineScope(2, 0, 0, 52, 2_500)),
    )


def settled(decision: Decision | None = None) -> SettleAnswer:
    """Return the answer to a Settle."""
    return SettleAnswer(
        request_id=REQUEST,
        settlement_id=SETTLEMENT,
        settled_at=RECEIVED_AT,
        business_day=date(2018, 12, 1),
        member=a_member(),
        decision=decision or a_decision(),
        balance_current_fen=Fen(30),
        balance_earlier_fen=Fen(12),
    )


def presettled() -> PresettleAnswer:
    """Return the answer to a Presettle, with a nonce that expires ten minutes later."""
    expires_ms = int(RECEIVED_AT.timestamp() * 1_000) + 600_000
    return PresettleAnswer(
        request_id=REQUEST,
        member=a_member(),
        decision=a_decision(),
        balance_current_fen=Fen(30),
        balance_earlier_fen=Fen(12),
        settle_nonce=expires_ms.to_bytes(8, "big") + b"12345678",
    )
