"""Cancel and Reverse: the stored journal and stored deltas negated, under no rule book.

Cancel undoes a settlement that is known; Reverse one whose outcome the terminal does not know. A
Reverse that arrives first leaves a tombstone: the original's id is taken, and will never post. An
id so old that it is refused for ever needs none.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from switch.ledger import accumulators, entries
from switch.model.answer import DeclineAnswer, UndoAnswer
from switch.model.decision import Decline
from switch.model.fault import Fault, FaultReason
from switch.model.ids import RequestId, request_time
from switch.model.journal import Journal, JournalKind, Window
from switch.model.member import Member
from switch.model.money import ZERO, Fen
from switch.model.reply import ReplyCode
from switch.model.stages import Cancel, Original, Undo
from switch.pipeline.family import undone_shares
from switch.pipeline.ports import Codec
from switch.pipeline.view import Outcome, Register, Slot, View, named

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
    if original is None:
        return _never_seen(codec, view, operation)
    declined = differs(operation.original, original)
    if declined is not None:
        return _declined(codec, operation, declined)
    if original.method not in {"Settle", TOMBSTONE}:
        return _declined(codec, operation, Decline(ReplyCode.ORIGINAL_NOT_SETTLEMENT, {}))
    if original.undone is not None:
        return _already_undone(codec, view, operation, original)
    if original.journal is None:
        return _nothing_posted(codec, view, operation, original)
    journal = view.originals.get(original.journal)
    if journal is None:
        raise Fault(FaultReason.INTERNAL, "the original's journal is missing")
    if isinstance(operation, Cancel):
        later = dependents(journal, view.live.get(journal.member_id, ()))
        if later:
            names = ", ".join(named(other.ref) for other in later[:20])
            decline = Decline(ReplyCode.LATER_SETTLEMENTS_DEPEND, {"settlements": names})
            # Under its person: should one of those be decided again, so is this.
            return replace(_declined(codec, operation, decline), member_id=journal.member_id)
    return _undone(codec, view, operation, journal, slot)


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


def _never_seen(codec: Codec, view: View, operation: Undo) -> Outcome:
    original = operation.original
    if isinstance(operation, Cancel):
        return _declined(codec, operation, Decline(ReplyCode.ORIGINAL_UNKNOWN, {}))
    at = request_time(original.request_id)
    if at > view.now + AHEAD_MAX:
        minutes = str(AHEAD_MAX // timedelta(minutes=1))
        return _declined(codec, operation, Decline(ReplyCode.REQUEST_AHEAD, {"minutes": minutes}))
    reply = codec.encode(method_name(operation), _no_money(view, operation, None, ""))
    if at < view.now - TOMBSTONE_AGE_MAX:
        return Outcome(reply, ReplyCode.OK)
    return Outcome(reply, ReplyCode.OK, undoes=original.request_id, undo_kind="tombstone")


def _already_undone(codec: Codec, view: View, operation: Undo, original: Register) -> Outcome:
    undone = original.undone
    if undone is None:
        raise Fault(FaultReason.INTERNAL, "an undone original names nobody")
    if isinstance(operation, Cancel):
        decline = Decline(ReplyCode.ALREADY_UNDONE, {"by": undone.by})
        return _declined(codec, operation, decline)
    answer = _no_money(view, operation, original, undone.by)
    return Outcome(
        codec.encode(method_name(operation), answer), ReplyCode.OK, member_id=original.member_id
    )


def _nothing_posted(codec: Codec, view: View, operation: Undo, original: Register) -> Outcome:
    """A declined original: a Cancel has nothing to undo; a Reverse has what it wanted."""
    if isinstance(operation, Cancel):
        decline = Decline(ReplyCode.ORIGINAL_DECLINED, {"code": original.code.name})
        return _declined(codec, operation, decline)
    answer = _no_money(view, operation, original, "")
    return Outcome(
        codec.encode(method_name(operation), answer), ReplyCode.OK, member_id=original.member_id
    )


def _undone(codec: Codec, view: View, operation: Undo, journal: Journal, slot: Slot) -> Outcome:
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
    after = replace(
        before,
        version=negative.member_version,
        account_current_fen=Fen(before.account_current_fen + negative.account_current_delta_fen),
        account_earlier_fen=Fen(before.account_earlier_fen + negative.account_earlier_delta_fen),
        accumulators=accumulators.applied(before.accumulators, negative.deltas),
    )
    answer = _with_money(operation, journal, negative, after)
    return Outcome(
        codec.encode(method_name(operation), answer),
        ReplyCode.OK,
        member_id=after.member_id,
        member=after,
        journal=negative,
        undoes=journal.request_id,
        undo_kind=kind.value,
        shares=undone_shares(view, journal, negative, slot),
    )


def _with_money(operation: Undo, journal: Journal, negative: Journal, after: Member) -> UndoAnswer:
    account = -(journal.account_current_delta_fen + journal.account_earlier_delta_fen)
    cash = _credited(journal, "CASH:")
    hospital = _credited(journal, "BORNE:")
    relative = entries.relative_part(journal.postings)
    return UndoAnswer(
        request_id=operation.request_id,
        original=operation.original,
        undo=named(negative.ref),
        undone=named(journal.ref),
        undone_at=negative.posted_at,
        business_day=negative.ref.day,
        by="",
        total_fen=journal.total_fen,
        fund_fen=Fen(journal.total_fen - account - relative - cash - hospital),
        account_fen=Fen(account),
        account_relative_fen=Fen(relative),
        cash_fen=Fen(cash),
        hospital_fen=Fen(hospital),
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


def _credited(journal: Journal, prefix: str) -> int:
    return sum(p.amount_fen for p in journal.postings if p.credit.startswith(prefix))


def _declined(codec: Codec, operation: Undo, decline: Decline) -> Outcome:
    answer = DeclineAnswer(operation.request_id, decline)
    return Outcome(codec.encode(method_name(operation), answer), decline.code)
