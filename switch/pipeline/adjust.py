"""An adjustment: a settlement of the past is undone and settled as it should have been, at once.

Decided again on what was stored with it, corrected; posted in today's window. Accounts and yearly
sums move by the difference, on the person as he stands now. Nothing of it is a caller's: the office
approved it, item by item.
"""

from dataclasses import dataclass, replace

from switch.ledger import entries
from switch.model.answer import Replaced, SettleAnswer
from switch.model.decision import Decision
from switch.model.fault import Fault, FaultReason
from switch.model.ids import InstitutionCode, RequestId, SettlementId
from switch.model.journal import INTERCITY, Journal, JournalKind, Window
from switch.model.member import Member
from switch.model.money import Fen
from switch.model.reply import ReplyCode
from switch.model.stages import Original
from switch.pipeline.ports import Codec
from switch.pipeline.view import Outcome, Slot, View, named

SETTLED = "Settle"
"""An adjustment is answered as the settlement that should have been."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A settlement as it should have been. `then`: the person as that decision saw him.

    `stated` and `settled` name the settlement, `standing` the journal by which it stands.
    """

    request_id: RequestId
    stated: Original
    settled: SettlementId
    standing: Journal
    then: Member
    decision: Decision
    snapshot: bytes


def adjust(codec: Codec, view: View, one: Corrected, slot: Slot) -> Outcome:
    """Return what an adjustment writes, for the person as he stands in the view.

    Raises: Fault when a relative paid, or an account would fall below zero.
    """
    before, decision, standing = view.people[one.standing.member_id], one.decision, one.standing
    if entries.shared(standing.postings) or decision.split.account_relative_fen:
        raise Fault(FaultReason.CONTENTION, "a relative's account pays; cancel and settle anew")
    book = (
        decision.region_care if decision.region_insured == decision.region_care else INTERCITY
    )  # fmt: skip
    if book != standing.window.book:
        raise Fault(FaultReason.CONTENTION, "it would lie in another book; cancel and settle anew")
    beside = slot.beside.journal(view.reference, book)
    negative = replace(
        entries.negated(standing),
        ref=beside,
        window=Window(book, beside.day),
        kind=JournalKind.REPLACEMENT,
        request_id=one.request_id,
        member_version=before.version + 1,
        posted_at=view.now,
    )
    journal = _journal(view, one, slot, book, before.version + 2)
    after = entries.moved_on(entries.moved_on(before, negative), journal)
    if min(after.account_current_fen, after.account_earlier_fen) < 0:
        raise Fault(FaultReason.CONTENTION, "what the account should have paid is spent since")
    paid = entries.paid(standing)
    answer = SettleAnswer(
        one.request_id,
        named(journal.ref),
        view.now,
        journal.ref.day,
        one.then,
        decision,
        Fen(one.then.account_current_fen - decision.split.account_current_fen),
        Fen(one.then.account_earlier_fen - decision.split.account_earlier_fen),
        Replaced(one.stated, one.settled, named(negative.ref), paid),
    )
    view.people[after.member_id] = after
    return Outcome(
        reply=codec.encode(SETTLED, answer),
        code=ReplyCode.OK,
        member_id=after.member_id,
        member=after,
        journal=journal,
        snapshot=one.snapshot,
        rule_book=decision.rule_book,
        undoes=standing.request_id,
        undo_kind=JournalKind.REPLACEMENT.value,
        beside=negative,
    )


def _journal(view: View, one: Corrected, slot: Slot, book: str, version: int) -> Journal:
    decision, standing = one.decision, one.standing
    ref = slot.journal(view.reference, book)
    split = decision.split
    return replace(
        standing,
        ref=ref,
        window=Window(book, ref.day),
        kind=JournalKind.ADJUSTMENT,
        request_id=one.request_id,
        member_version=version,
        region_insured=decision.region_insured,
        region_care=decision.region_care,
        insurance=decision.insurance,
        clearing_type=decision.clearing_type,
        total_fen=split.total_fen,
        account_current_delta_fen=-split.account_current_fen,
        account_earlier_delta_fen=-split.account_earlier_fen,
        deltas=decision.deltas,
        consulted=decision.consulted,
        undoes=None,
        posted_at=view.now,
        postings=entries.postings_of(
            decision, standing.member_id, InstitutionCode(standing.institution)
        ),
    )
