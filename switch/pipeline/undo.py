"""Cancel and Reverse: the stored journal and stored deltas negated, under no rule book.

Cancel undoes a settlement that is known; Reverse one whose outcome the terminal does not know. A
Reverse that arrives first leaves a tombstone: the original's id is taken, and will never post. An
id so old that it is refused for ever needs none.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from switch.ledger import entries
from switch.model.answer import DeclineAnswer, UndoAnswer
from switch.model.decision import Decline
from switch.model.fault import Fault, FaultReason
from switch.model.ids import RequestId, request_time
from switch.model.journal import Journal, JournalKind, JournalRef, Window
from switch.model.member import Member
from switch.model.money import ZERO
from switch.model.reply import ReplyCode
from switch.model.stages import Cancel, Original, Reverse, Undo
from switch.pipeline.family import undone_shares
from switch.pipeline.ports import Codec
from switch.pipeline.restore import Again, restoration
from switch.pipeline.view import Outcome, Register, Slot, View, named
from switch.pipeline.visit_claim import later as later_of_visit
from switch.pipeline.visit_claim import undone as undone_visit

AHEAD_MAX: Final = timedelta(minutes=5)
TOMBSTONE_AGE_MAX: Final = timedelta(days=28)
"""An unknown original older than this by its id leaves no tombstone: its time alone refuses it.

Far above the age at which an original is refused (`register.AGE_MAX`), so that no replica with a
clock behind ours takes it after all; and below a month, so that only this month's and the last
one's partitions are ever written.
"""
TOMBSTONE: Final = "Tombstone"
SETTLE_NAMES: Final = frozenset({"Settle", "2207", "2304", "2102"})
"""How a caller may name the original's method: ours, or the national numbers (`oinfno`)."""


def undo(codec: Codec, view: View, operation: Undo, slot: Slot) -> Outcome:
    """Decide one Cancel or Reverse on the view as it stands. Raises: Fault."""
    original = view.register.get(operation.original.request_id)
    if isinstance(operation, Cancel):
        found = standing(view, operation.original)
        if not isinstance(found, Decline):
            return _undone(codec, view, operation, *found, slot)
        declined = _declined(codec, operation, found)
        if original is None or found.code is not ReplyCode.LATER_SETTLEMENTS_DEPEND:
            return declined
        # Under its person: should one of those be decided again, so is this.
        return replace(declined, member_id=original.member_id)
    if original is None:
        return _never_seen(codec, view, operation)
    refused = _not_of(operation.original, original)
    if refused is not None:
        return _declined(codec, operation, refused)
    if (undone := original.undone) is not None and undone.kind == "replacement":
        # It stands again should that be reversed: no word that it never will.
        return _declined(codec, operation, Decline(ReplyCode.ALREADY_UNDONE, {"by": undone.by}))
    if undone is not None:
        return _reversed(codec, view, operation, original, undone.by)
    if original.stands is None:  # declined: it has what it wanted
        return _reversed(codec, view, operation, original, "")
    return _undone(codec, view, operation, original, _journal(view, original.stands), slot)


def standing(view: View, stated: Original) -> tuple[Register, Journal] | Decline:
    """Return a settlement that stands, with the journal by which it does, or why it cannot go.

    It cannot while later settlements rest on what it moved. Raises: Fault.
    """
    original = view.register.get(stated.request_id)
    if original is None:
        return Decline(ReplyCode.ORIGINAL_UNKNOWN, {})
    refused = _not_of(stated, original)
    if refused is not None:
        return refused
    if original.undone is not None:
        return Decline(ReplyCode.ALREADY_UNDONE, {"by": original.undone.by})
    if original.stands is None:
        return Decline(ReplyCode.ORIGINAL_DECLINED, {"code": original.code.name})
    journal = _journal(view, original.stands)
    later = [named(one.ref) for one in dependents(journal, view.live.get(journal.member_id, ()))]
    later += [one.settlement_id for one in later_of_visit(view, original)]
    if later:
        names = ", ".join(sorted(set(later))[:20])
        return Decline(ReplyCode.LATER_SETTLEMENTS_DEPEND, {"settlements": names})
    return original, journal


def _not_of(stated: Original, original: Register) -> Decline | None:
    """Return the decline that a register row is no settlement, or not the one that is named."""
    declined = differs(stated, original)
    if declined is None and original.method not in {"Settle", TOMBSTONE}:
        return Decline(ReplyCode.ORIGINAL_NOT_SETTLEMENT, {})
    return declined


def _journal(view: View, ref: JournalRef) -> Journal:
    journal = view.originals.get(ref)
    if journal is None:
        raise Fault(FaultReason.INTERNAL, "the original's journal is missing")
    return journal


def dependents(journal: Journal, live: Iterable[Journal]) -> list[Journal]:
    """Return the later live settlements that used an accumulator this one moved."""
    moved = entries.moved(journal.deltas)
    return [
        other
        for other in live
        if other.member_version > journal.member_version and other.consulted & moved
    ]


def method_name(operation: Undo) -> str:
    """Return the short method name that the register records."""
    return type(operation).__name__


def differs(stated: Original, original: Register) -> Decline | None:
    """Return the decline that an original is not what the caller says it is, if it is not.

    A declined original has no total to compare; a tombstone has nothing but its id.
    """
    if original.method == TOMBSTONE:
        return None
    named = "Settle" if stated.method in SETTLE_NAMES else stated.method
    if named != original.method:
        return Decline(ReplyCode.ORIGINAL_DIFFERS, {"field": "method"})
    if original.member_id not in {"", stated.member_id}:
        return Decline(ReplyCode.ORIGINAL_DIFFERS, {"field": "psn_no"})
    if original.total_fen not in {None, stated.total_fen} and original.method == "Settle":
        return Decline(ReplyCode.ORIGINAL_DIFFERS, {"field": "medfee_sumamt"})
    return None


def _never_seen(codec: Codec, view: View, operation: Reverse) -> Outcome:
    original = operation.original
    at = request_time(original.request_id)
    if at > view.now + AHEAD_MAX:
        minutes = str(AHEAD_MAX // timedelta(minutes=1))
        return _declined(codec, operation, Decline(ReplyCode.REQUEST_AHEAD, {"minutes": minutes}))
    reply = codec.encode(method_name(operation), _no_money(view, operation, None, ""))
    if at < view.now - TOMBSTONE_AGE_MAX:
        return Outcome(reply, ReplyCode.OK)
    return Outcome(reply, ReplyCode.OK, undoes=original.request_id, undo_kind="tombstone")


def _reversed(
    codec: Codec, view: View, operation: Reverse, original: Register, by: RequestId | str
) -> Outcome:
    """Answer a Reverse that finds nothing to undo: all is as it wants it."""
    answer = _no_money(view, operation, original, by)
    return Outcome(
        codec.encode(method_name(operation), answer), ReplyCode.OK, member_id=original.member_id
    )


def _undone(
    codec: Codec, view: View, operation: Undo, original: Register, journal: Journal, slot: Slot
) -> Outcome:
    before = view.people[journal.member_id]
    kind = JournalKind.CANCELLATION if isinstance(operation, Cancel) else JournalKind.REVERSAL
    ref = slot.journal(view.reference, journal.window.book)
    negative = replace(
        entries.negated(journal),
        ref=ref,
        window=Window(journal.window.book, ref.day),
        kind=kind,
        request_id=operation.request_id,
        member_version=before.version + 1,
        posted_at=view.now,
    )
    after = entries.moved_on(before, negative)
    given = undone_shares(view, journal, negative, slot)
    again: Again | Decline | None = None
    if isinstance(operation, Reverse):
        people = {one.member_id: one for one in (after, *(share.member for share in given))}
        again = restoration(view, original, negative, people, slot)
    if isinstance(again, Decline):
        return replace(_declined(codec, operation, again), member_id=journal.member_id)
    after = after if again is None else again.member
    answer = _with_money(operation, original, journal, negative, after)
    if again is not None:
        answer = replace(answer, restored=again.answer)
        given = (*given, *again.shares)
    visit = undone_visit(view, operation, original, journal)
    return Outcome(
        codec.encode(method_name(operation), answer),
        ReplyCode.OK,
        member_id=after.member_id,
        member=after,
        journal=negative,
        undoes=journal.request_id,
        undo_kind=kind.value,
        shares=given,
        beside=None if again is None else again.journal,
        writes=() if visit is None else (visit,),
    )


def _with_money(
    operation: Undo, original: Register, journal: Journal, negative: Journal, after: Member
) -> UndoAnswer:
    paid = entries.paid(journal)
    return UndoAnswer(
        request_id=operation.request_id,
        original=operation.original,
        undo=named(negative.ref),
        undone=named(original.journal or journal.ref),
        undone_at=negative.posted_at,
        business_day=negative.ref.day,
        by="",
        total_fen=paid.total_fen,
        fund_fen=paid.fund_fen,
        account_fen=paid.account_fen,
        account_relative_fen=paid.account_relative_fen,
        cash_fen=paid.cash_fen,
        hospital_fen=paid.hospital_fen,
        balance_current_fen=after.account_current_fen,
        balance_earlier_fen=after.account_earlier_fen,
    )


def _no_money(
    view: View, operation: Undo, original: Register | None, by: RequestId | str
) -> UndoAnswer:
    settled = None if original is None or original.journal is None else named(original.journal)
    return UndoAnswer(
        request_id=operation.request_id,
        original=operation.original,
        undo=None,
        undone=settled,
        undone_at=view.now,
        business_day=None,
        by=by,
        total_fen=ZERO,
        fund_fen=ZERO,
        account_fen=ZERO,
        cash_fen=ZERO,
        hospital_fen=ZERO,
        balance_current_fen=None,
        balance_earlier_fen=None,
    )


def _declined(codec: Codec, operation: Undo, decline: Decline) -> Outcome:
    answer = DeclineAnswer(operation.request_id, decline)
    return Outcome(codec.encode(method_name(operation), answer), decline.code)
