"""A good request becomes the model's words, each field in its place."""

from dataclasses import replace
from datetime import date

import pytest

from medswitch.v1 import settlement_pb2
from switch.model.claim import CardEvidence, FeeLine, IdentityEvidence, Prescription
from switch.model.codes import InjuryCause, Kind
from switch.model.fault import Fault, FaultReason
from switch.model.money import Fen
from switch.model.stages import (
    Cancel,
    GetSettlement,
    Original,
    Presettle,
    ReadMember,
    Reverse,
    Settle,
)
from switch.wire.checks import parse_day
from switch.wire.decode import decode, settled_claim
from switch.wire.methods import ORIGINAL_METHODS, PATHS
from switch.wire.restate import restated
from tests.fix_wire import (
    IDENTIFIER,
    MEMBER,
    NUMBER,
    ORIGINAL,
    REQUEST,
    call_of,
    good_original,
    good_requests,
)


def test_settle_carries_claim_evidence_expectation_and_nonce() -> None:
    body = good_requests()["Settle"].SerializeToString()
    call = call_of("Settle", body)
    settle = decode(PATHS["Settle"], call)
    assert isinstance(settle, Settle)
    assert settle.call is call
    assert settle.request_id == REQUEST
    assert (settle.expected.fund_fen, settle.expected.account_fen) == (1_000, 2_000)
    assert settle.settle_nonce == bytes(range(16))
    assert settle.evidence == CardEvidence(
        scheme="medswitch-1",
        identifier=IDENTIFIER,
        number="A12345678",
        social_security_number=NUMBER,
        specification="2.00",
        issued_on=date(2012, 1, 1),
        expires_on=date(2032, 1, 1),
        atc=7,
        proof=b"12345678",
        signed_at="20181201100004",
    )
    claim = settle.claim
    assert (claim.region_care, claim.region_insured, claim.insurance) == ("330299", "330299", "310")
    assert claim.kind is Kind.OUTPATIENT
    assert claim.injury_cause is InjuryCause.NONE
    assert claim.use_account
    assert not claim.interim
    assert claim.service_on == date(2018, 12, 1)
    assert (claim.admitted_on, claim.discharged_on, claim.prescription) == (None, None, None)
    assert claim.diagnoses == ("J06.9", "I10")
    assert [line.number for line in claim.lines] == [1, 2, 3]
    assert claim.lines[2] == FeeLine(
        number=3,
        code="DEMO-2",
        name="阿莫西林胶囊",
        on=date(2018, 12, 1),
        quantity_e4=-10_000,
        unit_price_e4=123_400,
        amount_fen=Fen(-1_234),
        disease_code="",
        withdraws=2,
    )
    assert claim.total_fen == 3_702


def test_presettle_carries_a_stay_a_prescription_and_a_disease() -> None:
    message = good_requests()["Presettle"]
    assert isinstance(message, settlement_pb2.PresettleRequest)
    message.claim.kind = "21"
    message.claim.admitted_on, message.claim.discharged_on = "2018-11-01", "2018-11-30"
    message.claim.interim = True
    message.claim.disease_code = "M03900"
    message.claim.visit_id = "V1"
    message.claim.prescription.number = "R1"
    message.claim.prescription.institution = "H33020000009"
    message.claim.prescription.on = "2018-10-31"
    message.evidence.identity.social_security_number = NUMBER
    presettle = decode("Presettle", call_of("Presettle", message.SerializeToString()))
    assert isinstance(presettle, Presettle)
    assert presettle.request_id == REQUEST
    claim = presettle.claim
    assert (claim.admitted_on, claim.discharged_on) == (date(2018, 11, 1), date(2018, 11, 30))
    assert claim.interim
    assert (claim.disease_code, claim.visit_id) == ("M03900", "V1")
    prescription = claim.prescription
    assert isinstance(prescription, Prescription)
    assert (prescription.number, prescription.institution) == ("R1", "H33020000009")
    assert prescription.on == date(2018, 10, 31)
    assert presettle.evidence == IdentityEvidence(NUMBER)


def test_read_member_carries_a_cryptogram() -> None:
    body = good_requests()["ReadMember"].SerializeToString()
    read = decode("ReadMember", call_of("ReadMember", body))
    assert isinstance(read, ReadMember)
    assert read.request_id == REQUEST
    assert isinstance(read.evidence, CardEvidence)
    assert read.evidence.signed_at == ""


@pytest.mark.parametrize(("method", "kind"), [("Cancel", Cancel), ("Reverse", Reverse)])
def test_an_undo_names_its_original(method: str, kind: type[Cancel | Reverse]) -> None:
    undo = decode(method, call_of(method, good_requests()[method].SerializeToString()))
    assert isinstance(undo, kind)
    assert undo.request_id == REQUEST
    assert undo.original == Original(ORIGINAL, "Settle", MEMBER, Fen(3_702))


@pytest.mark.parametrize(("named", "method"), ORIGINAL_METHODS.items())
def test_an_original_may_be_named_by_its_national_number(named: str, method: str) -> None:
    original = good_original()
    original.method = named
    message = settlement_pb2.GetSettlementRequest(original=original)
    query = decode("GetSettlement", call_of("GetSettlement", message.SerializeToString()))
    assert isinstance(query, GetSettlement)
    assert query.original.method == method


@pytest.mark.parametrize(
    "text", ["2018-12-01 ", "2018/12/01", "0000-01-01", "2018-00-10", "+018-01-01"]
)
def test_what_is_no_day_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValueError):
        parse_day(text)


@pytest.mark.parametrize("method", ["Presettle", "Settle"])
def test_a_settlement_names_what_it_replaces(method: str) -> None:
    request = good_requests()[method]
    request.replaces.CopyFrom(good_original())  # type: ignore[attr-defined] # both have it
    decoded = decode(PATHS[method], call_of(method, request.SerializeToString()))
    assert isinstance(decoded, Presettle | Settle)
    assert decoded.replaces == Original(ORIGINAL, "Settle", MEMBER, Fen(3_702))


def test_a_settlement_does_not_replace_itself_or_another_institutions() -> None:
    request = good_requests()["Settle"]
    assert isinstance(request, settlement_pb2.SettleRequest)
    request.replaces.CopyFrom(good_original())
    for named, reason, field in (
        (REQUEST, FaultReason.MALFORMED, "replaces.request_id"),
        ("H33010100001201812011000000001", FaultReason.NOT_PERMITTED, "replaces.request_id"),
    ):
        request.replaces.request_id = named
        with pytest.raises(Fault) as caught:
            decode(PATHS["Settle"], call_of("Settle", request.SerializeToString()))
        assert (caught.value.reason, caught.value.field) == (reason, field)


def test_a_recorded_claim_is_the_claim_that_came_and_may_be_stated_anew() -> None:
    """Under another id, with less on it; what stands beside it is kept."""
    body = good_requests()["Settle"].SerializeToString()
    came = decode(PATHS["Settle"], call_of("Settle", body))
    assert isinstance(came, Settle)
    assert settled_claim(REQUEST, body) == came.claim
    first = replace(came.claim.lines[0], quantity_e4=10_000, amount_fen=Fen(1_234))
    less = replace(came.claim, lines=(first,), total_fen=Fen(1_234))
    again = settlement_pb2.SettleRequest.FromString(restated(body, ORIGINAL, less))
    assert again.claim.request_id == ORIGINAL
    assert [line.number for line in again.claim.lines] == [1]
    assert again.evidence == settlement_pb2.SettleRequest.FromString(body).evidence
    assert settled_claim(ORIGINAL, again.SerializeToString()) == replace(less, request_id=ORIGINAL)
