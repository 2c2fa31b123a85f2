"""Proves the credential: the card signs, the registry names the key, the checks follow in order.

The card's suite and key version are those the registry holds; nothing in the message selects a
key. So the proof is verified after the registry row is read and before anything about the person
is: a card that cannot prove itself learns nothing but that.
"""

from datetime import datetime
from typing import Final

from switch.cards.admit import check_form, check_registry, check_signed_time, check_status
from switch.model.card import LOCKS
from switch.model.claim import CardEvidence, Evidence, Expected, VoucherEvidence
from switch.model.decision import Decline
from switch.model.frozen import frozen
from switch.model.ids import BEIJING, card_region
from switch.model.member import Member
from switch.model.reply import ReplyCode
from switch.model.voucher import Algorithm
from switch.pipeline.ports import CardVault
from switch.pipeline.view import Found, View
from switch.security.card_proof import (
    CardOperation,
    challenge,
    credential_identifier,
    epoch_ms,
)
from switch.security.errors import (
    KeyNotLive,
    MacMismatch,
    NonceExpired,
    NonceMismatch,
    RegionNotServed,
    SignatureMismatch,
)
from switch.security.public_signature import verify_public
from switch.security.suite import Suite
from switch.security.voucher import LIFE_MS_MAX

_SUITES: Final = tuple(Suite)


@frozen
class Asked:
    """What the credential was asked to prove: one operation, terminal, request and amount."""

    operation: CardOperation
    terminal_id: str
    request_id: str
    total_fen: int
    expected: Expected | None = None
    nonce: bytes = b""


@frozen
class Proven:
    """A credential that proved itself. `atc`: the counter a recorded Settle must store.

    `decline`: the registry's objection to it, if any; the counter is stored all the same.
    """

    member: Member
    atc: int | None
    decline: Decline | None


def credential_bytes(evidence: Evidence) -> bytes:
    """Return the 16 bytes a settle nonce is bound to: the card, or a digest of the number."""
    if isinstance(evidence, CardEvidence):
        return evidence.identifier
    if isinstance(evidence, VoucherEvidence):
        return credential_identifier(evidence.token)
    return credential_identifier(evidence.social_security_number.encode())


def prove(vault: CardVault, view: View, evidence: Evidence, asked: Asked) -> Proven | Decline:
    """Return the proven credential with its person, or the first check that failed."""
    declined = _before_registry(vault, evidence, asked, view.now)
    if declined is not None:
        return declined
    if not isinstance(evidence, CardEvidence):
        member_id = view.persons.get(evidence.social_security_number)
        if member_id is None:
            return Decline(ReplyCode.IDENTITY_UNKNOWN, {})
        if isinstance(evidence, VoucherEvidence):
            return _prove_voucher(view, evidence, view.people[member_id])
        return Proven(view.people[member_id], None, None)
    found = view.card(evidence)
    if found is None:
        return Decline(ReplyCode.CARD_UNKNOWN, {})
    declined = _verify_proof(vault, evidence, found, asked)
    if declined is not None:
        return declined
    member = view.people[found.member_id]
    today = view.now.astimezone(BEIJING).date()
    declined = check_registry(evidence, found.card, member, today)
    current = found.card.identifier == member.card.identifier
    advances = current and evidence.atc > member.atc
    return Proven(member, evidence.atc if advances else None, declined)


def _prove_voucher(view: View, evidence: VoucherEvidence, member: Member) -> Proven | Decline:
    """Return the holder of a token that its issuer signed, in its time, and that has not settled.

    A card that is lost does not stop its holder's telephone; a lock stops the person.
    """
    today = view.now.astimezone(BEIJING).date()
    issuer = view.reference.issuers.get(evidence.issuer)
    if issuer is None or not issuer.covers(today):
        return Decline(ReplyCode.VOUCHER_ISSUER_UNKNOWN, {"issuer": evidence.issuer})
    try:
        verify_public(
            Algorithm(issuer.algorithm), issuer.public_key, evidence.message, evidence.signature
        )
    except SignatureMismatch:
        return Decline(ReplyCode.VOUCHER_INVALID, {})
    now_ms = epoch_ms(view.now)
    lives = 0 < evidence.expires_ms - evidence.issued_ms <= LIFE_MS_MAX
    if not lives or not evidence.issued_ms - LIFE_MS_MAX <= now_ms < evidence.expires_ms:
        return Decline(ReplyCode.VOUCHER_EXPIRED, {"minutes": str(LIFE_MS_MAX // 60_000)})
    if (member.member_id, evidence.nonce) in view.vouchers:
        return Decline(ReplyCode.VOUCHER_USED, {})
    locked = check_status(member, today) if member.card_status in LOCKS else None
    return Proven(member, None, locked)


def _before_registry(
    vault: CardVault, evidence: Evidence, asked: Asked, now: datetime
) -> Decline | None:
    if isinstance(evidence, CardEvidence):
        declined = check_form(evidence, asked.total_fen)
        if declined is not None:
            return declined
        region = card_region(evidence.identifier)
        if not any(vault.live_versions(region, suite) for suite in _SUITES):
            return Decline(ReplyCode.CARD_REGION_NOT_SERVED, {"region": region})
    if asked.operation is not CardOperation.SETTLE:
        return None
    declined = _verify_nonce(vault, evidence, asked, now)
    if declined is None and isinstance(evidence, CardEvidence):
        declined = check_signed_time(evidence.signed_at, now)
    return declined


def _verify_nonce(
    vault: CardVault, evidence: Evidence, asked: Asked, now: datetime
) -> Decline | None:
    try:
        vault.verify_settle_nonce(
            credential_bytes(evidence),
            asked.terminal_id,
            asked.total_fen,
            epoch_ms(now),
            asked.nonce,
        )
    except NonceExpired:
        return Decline(ReplyCode.NONCE_EXPIRED, {})
    except NonceMismatch:
        return Decline(ReplyCode.NONCE_INVALID, {})
    return None


def _verify_proof(
    vault: CardVault, evidence: CardEvidence, found: Found, asked: Asked
) -> Decline | None:
    question = challenge(
        asked.operation, asked.terminal_id, asked.request_id, asked.total_fen, asked.nonce
    )
    card = found.card
    suite = Suite(card.suite)
    try:
        if asked.expected is None:
            vault.verify_card_auth(
                evidence.identifier, suite, card.key_version, evidence.atc, question, evidence.proof
            )
        else:
            vault.verify_tac(
                evidence.identifier,
                suite,
                card.key_version,
                evidence.atc,
                asked.total_fen,
                asked.expected.fund_fen + asked.expected.account_fen,
                bytes.fromhex(evidence.signed_at),
                question,
                evidence.proof,
            )
    except MacMismatch:
        return Decline(ReplyCode.CARD_PROOF_INVALID, {})
    except (KeyNotLive, RegionNotServed):
        return Decline(ReplyCode.CARD_KEY_NOT_LIVE, {})
    return None
