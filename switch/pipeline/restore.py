"""What a settlement replaced, standing again: part of the reversal of the one that replaced it.

A reversal makes a request as if it had never been, whichever of the two came first. Had it come
before a part refund, it would have left a tombstone and the original untouched; so, coming after,
it gives the refund's own settlement back and posts the original's journal again, to the fen. A
Cancel is another thing: it undoes the settlement that is known, and what that replaced stays
undone.

One thing may be in the way: what the refund gave back to an account may be spent by then. Then the
reversal is declined, and the settlement that replaced stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from switch.ledger import entries
from switch.model.answer import Restored
from switch.model.decision import Decline
from switch.model.fault import Fault, FaultReason
from switch.model.ids import MemberId
from switch.model.journal import Journal, JournalKind, Window
from switch.model.member import Member
from switch.model.reply import ReplyCode
from switch.pipeline.view import Register, Share, Slot, View, named


@dataclass(frozen=True, slots=True)
class Again:
    """The journal by which a replaced settlement stands again, and relatives' parts of it."""

    journal: Journal
    member: Member
    shares: tuple[Share, ...]
    answer: Restored


def restoration(
    view: View,
    replacing: Register,
    reversal: Journal,
    people: Mapping[MemberId, Member],
    slot: Slot,
) -> Again | Decline | None:
    """Return what stands again when a settlement is reversed; None when it replaced nothing.

    `people`: those whom the reversal moved, as it leaves them. Raises: Fault.
    """
    back = None if replacing.journal is None else view.replacements.get(replacing.journal)
    if back is None or back.undoes is None:
        return None
    original = view.originals.get(back.undoes)
    if original is None:
        raise Fault(FaultReason.INTERNAL, "the journal of what was replaced is missing")
    book = original.window.book
    ref = slot.beside.journal(view.reference, book)
    now = {**view.people, **people}
    journal = replace(
        original,
        ref=ref,
        window=Window(book, ref.day),
        kind=JournalKind.RESTORATION,
        request_id=reversal.request_id,
        member_version=now[original.member_id].version + 1,
        undoes=back.ref,
        posted_at=view.now,
    )
    shares = []
    for number, share in enumerate(view.shares.get(back.ref, ()), start=1):
        again = replace(
            entries.negated(share),
            ref=slot.beside.journal(view.reference, book, share=number),
            window=journal.window,
            kind=JournalKind.RESTORATION,
            request_id=journal.request_id,
            member_version=now[share.member_id].version + 1,
            posted_at=view.now,
        )
        shares.append(Share(entries.moved_on(now[share.member_id], again), again))
    member = entries.moved_on(now[journal.member_id], journal)
    everybody = (member, *(share.member for share in shares))
    if any(min(one.account_current_fen, one.account_earlier_fen) < 0 for one in everybody):
        return Decline(ReplyCode.ACCOUNT_SPENT, {})
    settled = Restored(named(_settled(view, original).ref), named(ref), entries.paid(journal))
    return Again(journal, member, tuple(shares), settled)


def _settled(view: View, journal: Journal) -> Journal:
    """Return the settlement that a journal is, or makes stand again. Raises: KeyError."""
    while journal.kind is JournalKind.RESTORATION:
        for _ in range(2):  # what it undoes is a replacement, which undoes what stood before
            if journal.undoes is None:
                raise Fault(FaultReason.INTERNAL, "an undo journal undoes nothing")
            journal = view.originals[journal.undoes]
    return journal
