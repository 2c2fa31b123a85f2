"""ReadMember and Presettle: everything but posting. Nothing is stored, not even the counter."""

from datetime import timedelta
from typing import Final

from switch.model.answer import Answer, DeclineAnswer, MemberAnswer, PresettleAnswer
from switch.model.decision import Decline
from switch.model.money import Fen
from switch.model.stages import Presettle, ReadMember
from switch.pipeline.claims import adjudicated, admit
from switch.pipeline.credential import Asked, credential_bytes, prove
from switch.pipeline.ports import CardVault, Codec
from switch.pipeline.replace import begin
from switch.pipeline.view import View
from switch.pipeline.visit_claim import billed
from switch.security.card_proof import CardOperation, epoch_ms

NONCE_LIFE: Final = timedelta(minutes=10)
"""How long a presettlement may be settled (design section 5)."""


def read_member(vault: CardVault, view: View, inquiry: ReadMember) -> Answer:
    """Answer 1101: the person the credential names."""
    terminal = inquiry.call.received.terminal_id
    asked = Asked(CardOperation.READ_MEMBER, terminal, inquiry.request_id, 0)
    proven = prove(vault, view, inquiry.evidence, asked)
    if isinstance(proven, Decline):
        return DeclineAnswer(inquiry.request_id, proven)
    if proven.decline is not None:
        return DeclineAnswer(inquiry.request_id, proven.decline)
    return MemberAnswer(inquiry.request_id, proven.member)


def presettle(vault: CardVault, codec: Codec, view: View, inquiry: Presettle) -> Answer:
    """Answer 2206: the split that a Settle would post now, and the nonce for the card to sign."""
    request_id, claim = inquiry.request_id, inquiry.claim
    terminal = inquiry.call.received.terminal_id
    asked = Asked(CardOperation.PRESETTLE, terminal, request_id, claim.total_fen)
    proven = prove(vault, view, inquiry.evidence, asked)
    if isinstance(proven, Decline):
        return DeclineAnswer(request_id, proven)
    if proven.decline is not None:
        return DeclineAnswer(request_id, proven.decline)
    member, replaced = proven.member, None
    if inquiry.replaces is not None:
        begun = begin(codec, view, claim, inquiry.replaces, member)
        if isinstance(begun, Decline):
            return DeclineAnswer(request_id, begun)
        view, member, replaced = begun.view, begun.member, begun.replaced(None)
    bill = billed(view, claim, member.member_id, inquiry.call.institution)
    if isinstance(bill, Decline):
        return DeclineAnswer(request_id, bill)
    admitted = admit(view, bill.claim, member, inquiry.call.institution)
    if isinstance(admitted, Decline):
        return DeclineAnswer(request_id, admitted)
    result = adjudicated(view, admitted, inquiry.evidence)
    if isinstance(result, Decline):
        return DeclineAnswer(request_id, result)
    split = result.decision.split
    nonce = vault.settle_nonce(
        credential_bytes(inquiry.evidence),
        terminal,
        claim.total_fen,
        epoch_ms(view.now + NONCE_LIFE),
    )
    return PresettleAnswer(
        request_id,
        proven.member,
        result.decision,
        Fen(member.account_current_fen - split.account_current_fen),
        Fen(member.account_earlier_fen - split.account_earlier_fen),
        nonce,
        replaced,
    )
