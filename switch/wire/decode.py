"""Requests: a proven call's bytes to an operation of the model, or a fault that names the field.

Only shapes, sums and the caller's own institution are judged here. What is well formed and wrong
(a card that is lost, an insurance not held) is the pipeline's to decline; so is a card identifier
of 16 bytes that names no card.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from medswitch.v1 import card_pb2, common_pb2, settlement_pb2
from switch.model.call import Authenticated
from switch.model.claim import (
    CardEvidence,
    Claim,
    Evidence,
    Expected,
    IdentityEvidence,
    Prescription,
    VoucherEvidence,
)
from switch.model.codes import InjuryCause, Kind
from switch.model.fault import Fault, FaultReason, malformed
from switch.model.ids import (
    BEIJING,
    CardIdentifier,
    InstitutionCode,
    RequestId,
    SocialSecurityNumber,
    is_visit_id,
    parse_member_id,
    parse_region,
    parse_social_security_number,
    request_institution,
)
from switch.model.stages import (
    Cancel,
    GetHolder,
    GetSettlement,
    Inquiry,
    Original,
    Presettle,
    ReadMember,
    Recorded,
    Reverse,
    Settle,
)
from switch.security.voucher import read_token
from switch.wire import card, checks, filing, methods, visit
from switch.wire.lines import fee_lines
from switch.wire.parse import parse

Operation = Inquiry | Recorded | GetSettlement

YEAR_FIRST: Final = 2000
"""Nothing was settled by card before."""
_CARD_NUMBER: Final = re.compile(r"[A-Z0-9]{9}")
_SIGNED_AT: Final = re.compile(r"[0-9]{14}")
_KINDS: Final = {kind.value: kind for kind in Kind}
_CAUSES: Final = {
    common_pb2.INJURY_CAUSE_NONE: InjuryCause.NONE,
    common_pb2.INJURY_CAUSE_WORK: InjuryCause.WORK,
    common_pb2.INJURY_CAUSE_THIRD_PARTY: InjuryCause.THIRD_PARTY,
}


def decode(method: str, call: Authenticated) -> Operation:
    """Return the operation of a proven call. `method`: the whole path or its last part.

    Raises: Fault MALFORMED, NOT_PERMITTED, UNIMPLEMENTED.
    """
    name = methods.short_name(method)
    decoder = _DECODERS.get(name)
    if decoder is None or method not in {name, methods.PATHS[name]}:
        raise Fault(FaultReason.UNIMPLEMENTED, f"there is no method {method[:100]} here")
    return decoder(call)


def _read_member(call: Authenticated) -> ReadMember:
    message = parse(settlement_pb2.ReadMemberRequest, call.received.body)
    request_id = checks.request_id("request_id", message.request_id, call.institution)
    return ReadMember(call, request_id, _evidence(message.evidence, signed=False))


def _presettle(call: Authenticated) -> Presettle:
    message = parse(settlement_pb2.PresettleRequest, call.received.body)
    claim = _claim(message.claim, call)
    evidence = _evidence(message.evidence, signed=False)
    return Presettle(call, claim, evidence, _replaces(message, claim))


def _settle(call: Authenticated) -> Settle:
    message = parse(settlement_pb2.SettleRequest, call.received.body)
    claim = _claim(message.claim, call)
    evidence = _evidence(message.evidence, signed=True)
    if not message.HasField("expected"):
        raise malformed("expected", "expected is missing; send the parts the patient was shown")
    expected = message.expected
    return Settle(
        call,
        claim,
        evidence,
        Expected(
            checks.amount("expected.fund_fen", expected.fund_fen),
            checks.amount("expected.account_fen", expected.account_fen),
            checks.amount("expected.account_relative_fen", expected.account_relative_fen),
        ),
        checks.bytes_of("settle_nonce", message.settle_nonce, 16),
        _replaces(message, claim),
    )


def settled_claim(request_id: RequestId, body: bytes) -> Claim:
    """Return the claim of a recorded Settle; it was checked against its day when it came.

    Raises: Fault.
    """
    message = parse(settlement_pb2.SettleRequest, body)
    return _claim_of(message.claim, request_institution(request_id), date.max)


def _cancel(call: Authenticated) -> Cancel:
    message = parse(settlement_pb2.CancelRequest, call.received.body)
    request_id = checks.request_id("request_id", message.request_id, call.institution)
    original = _original(message.original, call.institution)
    _check_two_ids(request_id, original)
    return Cancel(call, request_id, original)


def _reverse(call: Authenticated) -> Reverse:
    message = parse(settlement_pb2.ReverseRequest, call.received.body)
    request_id = checks.request_id("request_id", message.request_id, call.institution)
    original = _original(message.original, call.institution)
    _check_two_ids(request_id, original)
    return Reverse(call, request_id, original)


def _get_settlement(call: Authenticated) -> GetSettlement:
    message = parse(settlement_pb2.GetSettlementRequest, call.received.body)
    return GetSettlement(call, _original(message.original, call.institution))


def _get_holder(call: Authenticated) -> GetHolder:
    message = parse(card_pb2.GetHolderRequest, call.received.body)
    this_year = call.received.received_at.astimezone(BEIJING).year
    year = message.year or this_year
    if not YEAR_FIRST <= year <= this_year:
        raise malformed("year", f"year {year} is none; send {YEAR_FIRST} to {this_year}, or none")
    return GetHolder(
        call,
        checks.request_id("request_id", message.request_id, call.institution),
        _evidence(message.evidence, signed=False),
        year,
    )


_DECODERS: Final[dict[str, Callable[[Authenticated], Operation]]] = {
    methods.READ_MEMBER: _read_member,
    methods.PRESETTLE: _presettle,
    methods.SETTLE: _settle,
    methods.CANCEL: _cancel,
    methods.REVERSE: _reverse,
    methods.GET_SETTLEMENT: _get_settlement,
    methods.FILE: filing.decode_file,
    methods.WITHDRAW: filing.decode_withdraw,
    methods.LIST_FILINGS: filing.decode_list,
    methods.REGISTER: visit.decode_register,
    methods.UPDATE: visit.decode_update,
    methods.UPLOAD_LINES: visit.decode_upload,
    methods.WITHDRAW_LINES: visit.decode_withdraw,
    methods.DISCHARGE: visit.decode_discharge,
    methods.CANCEL_VISIT: visit.decode_cancel,
    methods.GET_VISIT: visit.decode_get,
    methods.REPORT_LOST: card.decode_report_lost,
    methods.CONFIRM_LOST: card.decode_confirm_lost,
    methods.RELEASE: card.decode_release,
    methods.REPLACE: card.decode_replace,
    methods.LOCK_CARD: card.decode_lock,
    methods.UNLOCK_CARD: card.decode_unlock,
    methods.GET_CARD: card.decode_get_card,
    methods.GET_HOLDER: _get_holder,
}


def _replaces(
    message: settlement_pb2.PresettleRequest | settlement_pb2.SettleRequest, claim: Claim
) -> Original | None:
    if not message.HasField("replaces"):
        return None
    institution = request_institution(claim.request_id)
    original = _original(message.replaces, institution, "replaces")
    if claim.request_id == original.request_id:
        raise malformed("replaces.request_id", "a settlement cannot replace itself; use a new id")
    return original


def _original(
    message: settlement_pb2.Original, institution: InstitutionCode, path: str = "original"
) -> Original:
    return Original(
        checks.request_id(f"{path}.request_id", message.request_id, institution),
        checks.one_of(f"{path}.method", message.method, methods.ORIGINAL_METHODS),
        checks.shaped(f"{path}.member_id", message.member_id, parse_member_id),
        checks.amount(f"{path}.total_fen", message.total_fen),
    )


def _check_two_ids(request_id: str, original: Original) -> None:
    if request_id == original.request_id:
        raise malformed(
            "request_id", "request_id is the original's own; an undo has a request id of its own"
        )


def _claim(message: common_pb2.Claim, call: Authenticated) -> Claim:
    today = call.received.received_at.astimezone(BEIJING).date()
    return _claim_of(message, call.institution, today)


def _claim_of(message: common_pb2.Claim, institution: InstitutionCode, today: date) -> Claim:
    request_id = checks.request_id("claim.request_id", message.request_id, institution)
    admitted_on = checks.past_day_or_none("claim.admitted_on", message.admitted_on, today)
    discharged_on = checks.past_day_or_none("claim.discharged_on", message.discharged_on, today)
    if admitted_on is not None and discharged_on is not None and discharged_on < admitted_on:
        raise malformed(
            "claim.discharged_on",
            f"claim.discharged_on {discharged_on} is before the admission, {admitted_on}",
        )
    total_fen = checks.amount("claim.total_fen", message.total_fen)
    by_visit = not message.lines and is_visit_id(message.visit_id)
    return Claim(
        request_id=request_id,
        region_care=checks.shaped("claim.region_care", message.region_care, parse_region),
        region_insured=_region_or_none(message.region_insured),
        insurance=checks.insurance("claim.insurance", message.insurance),
        kind=checks.one_of("claim.kind", message.kind, _KINDS),
        use_account=message.use_account,
        visit_id=checks.text_of("claim.visit_id", message.visit_id, 0, 30),
        service_on=checks.past_day("claim.service_on", message.service_on, today),
        admitted_on=admitted_on,
        discharged_on=discharged_on,
        interim=message.interim,
        emergency=message.emergency,
        injury_cause=_cause(message.injury_cause),
        diagnoses=checks.diagnoses("claim.diagnoses", message.diagnoses),
        disease_code=checks.text_of("claim.disease_code", message.disease_code, 0, 30),
        prescription=_prescription(message, today),
        lines=() if by_visit else fee_lines(message.lines, total_fen, today),
        total_fen=total_fen,
    )


def _region_or_none(text: str) -> str:
    return checks.shaped("claim.region_insured", text, parse_region) if text else ""


def _cause(value: common_pb2.InjuryCause.ValueType) -> InjuryCause:
    cause = _CAUSES.get(value)
    if cause is None:
        raise malformed(
            "claim.injury_cause",
            f"claim.injury_cause {value} says nothing; state NONE (1), WORK (2) or THIRD_PARTY (3)",
        )
    return cause


def _prescription(message: common_pb2.Claim, today: date) -> Prescription | None:
    if not message.HasField("prescription"):
        return None
    written = message.prescription
    return Prescription(
        checks.text_of("claim.prescription.number", written.number, 1, 50),
        checks.institution("claim.prescription.institution", written.institution),
        checks.past_day("claim.prescription.on", written.on, today),
    )


def _evidence(message: common_pb2.Evidence, *, signed: bool) -> Evidence:
    credential = message.WhichOneof("credential")
    if credential == "card":
        return _card(message.card, signed=signed)
    if credential == "identity":
        return IdentityEvidence(
            checks.shaped(
                "evidence.identity.social_security_number",
                message.identity.social_security_number,
                parse_social_security_number,
            )
        )
    if credential == "voucher":
        return _voucher(message.voucher)
    raise malformed("evidence", "evidence holds no credential; send card, voucher or identity")


def _voucher(message: common_pb2.VoucherEvidence) -> VoucherEvidence:
    try:
        token = read_token(message.token)
    except ValueError as error:
        raise malformed("evidence.voucher.token", f"evidence.voucher.token: {error}") from None
    return VoucherEvidence(
        SocialSecurityNumber(token.number),
        token.issuer,
        token.nonce,
        token.issued_ms,
        token.expires_ms,
        token.message,
        token.signature,
        message.token,
    )


def _card(message: common_pb2.CardEvidence, *, signed: bool) -> CardEvidence:
    if not _CARD_NUMBER.fullmatch(message.number):
        raise malformed(
            "evidence.card.number", "evidence.card.number is no card number; send 9 of A-Z 0-9"
        )
    if message.atc <= 0:
        raise malformed("evidence.card.atc", "evidence.card.atc is missing or negative")
    if signed and not _SIGNED_AT.fullmatch(message.signed_at):
        raise malformed(
            "evidence.card.signed_at", "evidence.card.signed_at is no yyyyMMddHHmmss (14 digits)"
        )
    if not signed and message.signed_at:
        raise malformed(
            "evidence.card.signed_at", "evidence.card.signed_at is for Settle only; leave it out"
        )
    return CardEvidence(
        scheme=checks.text_of("evidence.card.scheme", message.scheme, 1, 30),
        identifier=CardIdentifier(
            checks.bytes_of("evidence.card.identifier", message.identifier, 16)
        ),
        number=message.number,
        social_security_number=checks.shaped(
            "evidence.card.social_security_number",
            message.social_security_number,
            parse_social_security_number,
        ),
        specification=checks.text_of("evidence.card.specification", message.specification, 1, 10),
        issued_on=checks.day("evidence.card.issued_on", message.issued_on),
        expires_on=checks.day("evidence.card.expires_on", message.expires_on),
        atc=message.atc,
        proof=checks.bytes_of("evidence.card.proof", message.proof, 8),
        signed_at=message.signed_at,
    )
