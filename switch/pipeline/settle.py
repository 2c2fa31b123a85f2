"""Settle: prove the card, admit, adjudicate, compare with what the patient saw, and post.

Every outcome is recorded under the request id, declines included; a verified card's counter is
stored with it, so that its TAC can never be used again.
"""

from dataclasses import replace

from switch.ledger import accumulators, entries
from switch.model.answer import DeclineAnswer, Replaced, SettleAnswer
from switch.model.claim import VoucherEvidence
from switch.model.decision import Decision, Decline
from switch.model.ids import InstitutionCode
from switch.model.journal import INTERCITY, Journal, JournalKind, Window
from switch.model.member import Member
from switch.model.money import Fen
from switch.model.reply import ReplyCode
from switch.model.stages import Adjudicated, Posted, Settle
from switch.model.voucher import VoucherUse
from switch.pipeline import snapshot
from switch.pipeline.claims import adjudicated, admit, prescriber_of
from switch.pipeline.credential import Asked, Proven, prove
from switch.pipeline.family import shares
from switch.pipeline.ports import CardVault, Codec
from switch.pipeline.replace import Begun, begin, check_decided, undoing
from switch.pipeline.suspicion import with_suspicion
from switch.pipeline.view import Outcome, Slot, View, named
from switch.pipeline.visit_claim import billed, settled
from switch.security.card_proof import CardOperation

METHOD = "Settle"


def settle(vault: CardVault, codec: Codec, view: View, operation: Settle, slot: Slot) -> Outcome:
    """Decide one Settle on the view as it stands. Raises: Fault."""
    whole = view
    asked = Asked(
        CardOperation.SETTLE,
        operation.call.received.terminal_id,
        operation.request_id,
        operation.claim.total_fen,
        operation.expected,
        operation.settle_nonce,
    )
    proven = prove(vault, view, operation.evidence, asked)
    if isinstance(proven, Decline):
        return _declined(codec, operation, proven, None)
    if proven.decline is not None:
        declined = _declined(codec, operation, proven.decline, proven)
        if proven.decline.code is ReplyCode.CARD_COUNTER_USED:
            return with_suspicion(view, operation, proven.member, declined)
        return declined
    begun: Begun | Decline | None = None
    member = proven.member
    if operation.replaces is not None:
        begun = begin(codec, view, operation.claim, operation.replaces, member)
    if isinstance(begun, Decline):
        return _declined(codec, operation, begun, proven)
    if begun is not None:
        view, member = begun.view, begun.member
    institution = operation.call.institution
    bill = billed(view, operation.claim, member.member_id, institution)
    if isinstance(bill, Decline):
        return _declined(codec, operation, bill, proven)
    admitted = admit(view, bill.claim, member, institution)
    if isinstance(admitted, Decline):
        return _declined(codec, operation, admitted, proven)
    result = adjudicated(view, admitted, operation.evidence)
    if isinstance(result, Decline):
        return _declined(codec, operation, result, proven)
    split, expected = result.decision.split, operation.expected
    shown = (expected.fund_fen, expected.account_fen, expected.account_relative_fen)
    if (split.fund_fen, split.account_fen, split.account_relative_fen) != shown:
        changed = Decline(ReplyCode.AMOUNTS_CHANGED, {})
        return _declined(codec, operation, changed, proven, result.decision)
    posted = _posted(view, operation, result, slot)
    if begun is not None:
        return _replacing(codec, whole, operation, proven, begun, posted, slot)
    outcome = _settled(codec, view, operation, proven, posted)
    visit = settled(view, operation, bill, posted.journal)
    if visit is not None:
        outcome = replace(outcome, writes=(*outcome.writes, visit))
    if not split.account_relative_fen:
        return outcome
    return replace(outcome, shares=shares(view, bill.claim, posted.journal, split, slot))


def _replacing(
    codec: Codec, view: View, operation: Settle, proven: Proven, begun: Begun, posted: Posted,
    slot: Slot,
) -> Outcome:  # fmt: skip
    """Return the outcome of a settlement that replaces another: two journals of one request."""
    decision = posted.adjudicated.decision
    check_decided(begun, decision)
    negative, given = undoing(view, begun, operation.request_id, slot)
    replaced = begun.replaced(negative)
    outcome = _settled(codec, begun.view, operation, proven, posted, replaced)
    taken = shares(begun.view, operation.claim, posted.journal, decision.split, slot)
    return replace(
        outcome,
        beside=negative,
        undoes=begun.original.request_id,
        undo_kind=negative.kind.value,
        shares=(*given, *taken),
    )


def _posted(view: View, operation: Settle, result: Adjudicated, slot: Slot) -> Posted:
    decision, member = result.decision, result.admitted.member
    institution = InstitutionCode(result.admitted.institution.code)
    local = decision.region_insured == decision.region_care
    book = decision.region_care if local else INTERCITY
    ref = slot.journal(view.reference, book)
    journal = Journal(
        ref=ref,
        window=Window(book, ref.day),
        kind=JournalKind.SETTLEMENT,
        request_id=operation.request_id,
        institution=institution,
        member_id=member.member_id,
        bucket=member.bucket,
        member_version=member.version + 1,
        region_insured=decision.region_insured,
        region_care=decision.region_care,
        insurance=decision.insurance,
        clearing_type=decision.clearing_type,
        total_fen=decision.split.total_fen,
        account_current_delta_fen=-decision.split.account_current_fen,
        account_earlier_delta_fen=-decision.split.account_earlier_fen,
        deltas=decision.deltas,
        consulted=decision.consulted,
        undoes=None,
        posted_at=view.now,
        postings=entries.postings_of(decision, member.member_id, institution),
    )
    return Posted(result, journal)


def _settled(
    codec: Codec,
    view: View,
    operation: Settle,
    proven: Proven,
    posted: Posted,
    replaced: Replaced | None = None,
) -> Outcome:
    journal, result = posted.journal, posted.adjudicated
    before = result.admitted.member
    after = replace(
        proven.member,  # as he is now, whatever he was when a replaced settlement saw him
        version=journal.member_version,
        atc=before.atc if proven.atc is None else proven.atc,
        account_current_fen=Fen(before.account_current_fen + journal.account_current_delta_fen),
        account_earlier_fen=Fen(before.account_earlier_fen + journal.account_earlier_delta_fen),
        accumulators=accumulators.applied(before.accumulators, journal.deltas),
    )
    answer = SettleAnswer(
        operation.request_id,
        named(journal.ref),
        view.now,
        journal.ref.day,
        after,
        result.decision,
        after.account_current_fen,
        after.account_earlier_fen,
        replaced,
    )
    place = result.admitted.institution
    return Outcome(
        reply=codec.encode(METHOD, answer),
        code=ReplyCode.OK,
        member_id=after.member_id,
        member=after,
        atc=proven.atc,
        journal=journal,
        snapshot=snapshot.take(before, place, prescriber_of(view, operation.claim)),
        rule_book=result.decision.rule_book,
        writes=_used(operation, journal),
    )


def _used(operation: Settle, journal: Journal) -> tuple[VoucherUse, ...]:
    """Return the use of the e-voucher that settled: it does so once."""
    evidence = operation.evidence
    if not isinstance(evidence, VoucherEvidence):
        return ()
    return (
        VoucherUse(journal.member_id, journal.member_version, evidence.nonce, operation.request_id),
    )


def _declined(
    codec: Codec,
    operation: Settle,
    decline: Decline,
    proven: Proven | None,
    decision: Decision | None = None,
) -> Outcome:
    reply = codec.encode(METHOD, DeclineAnswer(operation.request_id, decline, decision))
    if proven is None:
        return Outcome(reply, decline.code)
    after: Member | None = None
    if proven.atc is not None:
        after = replace(proven.member, version=proven.member.version + 1, atc=proven.atc)
    return Outcome(
        reply,
        decline.code,
        member_id=proven.member.member_id,
        member=after,
        atc=proven.atc,
    )
