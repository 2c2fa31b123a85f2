"""Round trips: what a terminal means is what is decoded, and every answer keeps the identities."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from medswitch.v1 import settlement_pb2
from switch.model.claim import Claim, FeeLine, Prescription
from switch.model.codes import FundPayType, InjuryCause, Kind
from switch.model.decision import Payer, Split
from switch.model.fault import Fault
from switch.model.ids import InstitutionCode, RegionCode
from switch.model.money import Fen, line_price_fen
from switch.model.stages import Presettle
from switch.wire.decode import decode
from switch.wire.differ import differing_field
from switch.wire.encode import encode
from switch.wire.national import FLAT_FIELDS, FUND_FIELDS, setlinfo
from tests.fix_wire import (
    REQUEST,
    a_decision,
    call_of,
    claim_message,
    good_evidence,
    good_requests,
    settled,
)

TODAY = date(2018, 12, 1)
days = st.dates(date(1990, 1, 1), TODAY)
texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("张三李四　"), max_size=20
)
regions = st.integers(100_000, 999_999).map(str)


@st.composite
def fee_lines(draw: st.DrawFn) -> tuple[FeeLine, ...]:
    """Draw charges, some of them withdrawn again in part or in whole."""
    lines: list[FeeLine] = []
    for _ in range(draw(st.integers(1, 6))):
        quantity, price = draw(st.integers(1, 10**7)), draw(st.integers(0, 10**8))
        line = FeeLine(
            number=len(lines) + 1,
            code=draw(texts.filter(bool)),
            name=draw(texts),
            on=draw(days),
            quantity_e4=quantity,
            unit_price_e4=price,
            amount_fen=line_price_fen(quantity, price),
            disease_code=draw(texts),
        )
        lines.append(line)
        taken = draw(st.integers(0, quantity))
        if taken and line_price_fen(taken, price):
            lines.append(
                replace(
                    line,
                    number=len(lines) + 1,
                    quantity_e4=-taken,
                    amount_fen=line_price_fen(-taken, price),
                    withdraws=line.number,
                )
            )
    return tuple(lines)


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    lines = draw(fee_lines())
    admitted = draw(st.none() | days)
    stay = draw(st.integers(0, 400))
    prescription = Prescription(draw(texts.filter(bool)), InstitutionCode("H33020000009"), TODAY)
    return Claim(
        request_id=REQUEST,
        region_care=RegionCode(draw(regions)),
        region_insured=draw(st.just("") | regions),
        insurance=draw(st.sampled_from(["", "310", "390", "340"])),
        kind=draw(st.sampled_from(Kind)),
        use_account=draw(st.booleans()),
        visit_id=draw(texts),
        service_on=draw(days),
        admitted_on=admitted,
        discharged_on=admitted and min(admitted + timedelta(days=stay), TODAY),
        interim=draw(st.booleans()),
        injury_cause=draw(st.sampled_from(InjuryCause)),
        diagnoses=tuple(draw(st.lists(texts.filter(bool), max_size=5))),
        disease_code=draw(texts),
        prescription=draw(st.none() | st.just(prescription)),
        lines=lines,
        total_fen=Fen(sum(line.amount_fen for line in lines)),
    )


@st.composite
def splits(draw: st.DrawFn) -> Split:
    """Draw a split by cutting the bill, and what of it is in scope, into parts."""
    amounts = st.integers(0, 10**12)
    own, over, first, scope = (draw(amounts) for _ in range(4))
    total = own + over + first + scope
    cuts = sorted(draw(st.lists(st.integers(0, total), min_size=8, max_size=8)))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
    funds = draw(st.permutations([FundPayType(name) for name in FLAT_FIELDS]))
    return Split(
        total_fen=Fen(total),
        own_expense_fen=Fen(own),
        over_limit_fen=Fen(over),
        first_self_pay_fen=Fen(first),
        in_scope_fen=Fen(scope),
        deductible_fen=Fen(draw(st.integers(0, scope))),
        payers=tuple(Payer(funds[n], Fen(parts[n])) for n in range(4)),
        hospital_fen=Fen(parts[4]),
        account_current_fen=Fen(parts[5]),
        account_earlier_fen=Fen(parts[6]),
        account_relative_fen=Fen(parts[7]),
        cash_fen=Fen(parts[8]),
    )


def refusal(method: str, body: bytes) -> Fault | None:
    """Return the fault a body is refused with, or None when it is taken."""
    try:
        decode(method, call_of(method, body))
    except Fault as fault:
        return fault
    return None


@given(claims())
def test_a_claim_is_decoded_to_itself(claim: Claim) -> None:
    message = settlement_pb2.PresettleRequest(
        claim=claim_message(claim), evidence=good_evidence(signed=False)
    )
    presettle = decode("Presettle", call_of("Presettle", message.SerializeToString()))
    assert isinstance(presettle, Presettle)
    assert presettle.claim == claim


@given(claims(), st.integers(-(10**6), 10**6).filter(bool))
def test_a_total_that_is_off_is_refused(claim: Claim, off_fen: int) -> None:
    message = settlement_pb2.PresettleRequest(
        claim=claim_message(claim), evidence=good_evidence(signed=False)
    )
    message.claim.total_fen += off_fen
    fault = refusal("Presettle", message.SerializeToString())
    assert fault is not None
    assert fault.field == "claim.total_fen"


@given(splits())
def test_a_split_keeps_the_national_identities_on_the_wire(split: Split) -> None:
    """Domain facts 1.4: identities 1 to 4."""
    body = encode("Settle", settled(a_decision(split)))
    message = settlement_pb2.SettleResponse.FromString(body).decision.split
    flat = setlinfo(message)
    assert flat["medfee_sumamt"] == split.total_fen
    assert flat["medfee_sumamt"] == (
        flat["fulamt_ownpay_amt"]
        + flat["overlmt_selfpay"]
        + flat["preselfpay_amt"]
        + flat["inscp_scp_amt"]
    )
    assert flat["medfee_sumamt"] == (
        flat["fund_pay_sumamt"] + flat["psn_part_amt"] + flat["hosp_part_amt"]
    )
    assert flat["psn_part_amt"] == (
        flat["acct_pay"] + flat["acct_mulaid_pay"] + flat["psn_cash_pay"]
    )
    assert flat["fund_pay_sumamt"] == sum(flat[name] for name in FUND_FIELDS)
    assert message.account_fen == message.account_current_fen + message.account_earlier_fen
    assert 0 <= flat["act_pay_dedc"] <= flat["inscp_scp_amt"]
    assert encode("Settle", settled(a_decision(split))) == body


@given(st.sampled_from(sorted(good_requests())), st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused_and_never_crash(method: str, body: bytes) -> None:
    fault = refusal(method, body)
    assert fault is None or fault.text


@given(
    st.sampled_from(sorted(good_requests())), st.data(), st.integers(0, 255), st.integers(0, 2**31)
)
def test_a_flipped_byte_is_decoded_or_refused_and_never_crashes(
    method: str, data: Any, value: int, at: int
) -> None:
    body = bytearray(good_requests()[method].SerializeToString())
    for _ in range(data.draw(st.integers(1, 3))):
        body[at % len(body)] = value
        at //= 7
    before = good_requests()[method].SerializeToString()
    fault = refusal(method, bytes(body))
    assert fault is None or fault.text
    assert differing_field(method, before, bytes(body))


@given(st.sampled_from(sorted(good_requests())), st.integers(18, 2**20), st.binary(max_size=10))
def test_an_unknown_field_is_always_refused(method: str, number: int, content: bytes) -> None:
    tag, varint = number << 3 | 2, bytearray()
    while tag:
        varint.append(tag & 0x7F | (0x80 if tag > 0x7F else 0))
        tag >>= 7
    body = good_requests()[method].SerializeToString() + bytes(varint)
    body += bytes([len(content)]) + content
    fault = refusal(method, body)
    assert fault is not None
    assert fault.field == str(number)
