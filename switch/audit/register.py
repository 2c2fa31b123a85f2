"""Invariants 4 and 7, and references: ids, outcomes, journals and undos name each other truly."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from switch.audit.findings import REFERENCES, Violation
from switch.audit.reader import month_in
from switch.audit.replaced import (
    check_besides_request,
    check_restored,
    check_restoring,
    standing_ref,
    undoing_ref,
)
from switch.audit.replies import ALARMS, RECORDED, SETTLED
from switch.audit.rows import (
    BESIDE,
    BatchRow,
    Case,
    JournalRow,
    PostingRow,
    Ref,
    RequestRow,
    UndoRow,
    name_of,
)
from switch.ledger.accumulators import negated
from switch.model.ids import (
    SHARE_STEP,
    JournalId,
    MemberId,
    bucket_of_member,
    settlement_id,
)
from switch.model.reply import ReplyCode
from switch.pipeline.undo import TOMBSTONE

_KINDS: Final = {
    "Settle": "settlement",
    "Adjust": "adjustment",
    "Cancel": "cancellation",
    "Reverse": "reversal",
}
_UNDOERS: Final = {
    "cancellation": {"Cancel"},
    "reversal": {"Reverse"},
    "replacement": SETTLED,
    "tombstone": {"Reverse"},
}
_ALWAYS_POSTS: Final = frozenset({"Settle", "Adjust", "Cancel"})
"""Methods whose OK posts a journal; a Reverse may find nothing to undo."""


def check_request(case: Case) -> Iterator[Violation]:
    """One request id has one outcome: its reply, and a journal exactly when it posted."""
    row = case.row
    if month_in(row.request_id) != row.month:
        yield Violation(4, row.key, f"is registered under {row.month}, not the month in its id")
    if row.method == TOMBSTONE:
        yield from _check_tombstone(case)
        return
    alarm = row.method in ALARMS and row.code == ReplyCode.CARD_COUNTER_USED
    if row.method not in RECORDED and not alarm:
        yield Violation(4, row.key, f"has method {row.method}, which is never recorded")
        return
    if case.reply is not None:
        outcome = case.reply.outcome
        if (outcome.code, outcome.request_id) != (row.code, row.request_id):
            yield Violation(
                4, row.key,
                f"is registered with code {row.code}, and its reply is code {outcome.code} to "
                f"{outcome.request_id}",
            )  # fmt: skip
    ok = row.code == ReplyCode.OK
    if row.ref is not None and not ok:
        yield Violation(4, row.key, f"was answered code {row.code} and names {name_of(row.ref)}")
    if row.ref is None and ok and row.method in _ALWAYS_POSTS:
        yield Violation(4, row.key, "was answered OK and posted no journal")
    if row.ref is None:
        return
    if row.method in _KINDS:
        yield from _check_own_journal(case, row.ref)
    else:
        yield Violation(4, row.key, f"is a {row.method}, which posts nothing, and names a journal")


def check_journal(journal: JournalRow, requests: Mapping[str, RequestRow]) -> Iterator[Violation]:
    """A journal belongs to exactly one request, which names it; an opening belongs to none."""
    if journal.kind == "opening":
        if journal.request_id:
            yield Violation(4, journal.key, f"is an opening and names request {journal.request_id}")
        return
    row = requests.get(journal.request_id)
    if row is None:
        yield Violation(4, journal.key, f"names request {journal.request_id}, which is not there")
    elif journal.is_share:
        lane, batch, position = journal.place
        own = row.position + int(journal.kind in BESIDE)
        here = (lane, batch, position % SHARE_STEP)
        if row.ref is None or here != (row.lane, row.batch, own):
            yield Violation(4, journal.key, f"and {row.key} are not of one act")
    elif journal.is_beside:
        yield from check_besides_request(journal, row)
    elif row.ref != journal.ref:
        named = "none" if row.ref is None else name_of(row.ref)
        yield Violation(4, journal.key, f"names {row.key}, whose journal is {named}")


def check_references(journal: JournalRow, institutions: Collection[str]) -> Iterator[Violation]:
    """What a journal names exists, and its rows lie in its bucket, their numbers without a gap."""
    if journal.institution not in institutions and journal.kind != "opening":
        yield Violation(REFERENCES, journal.key, f"names institution {journal.institution!r}")
    yield from _check_bucket(journal.key, journal.bucket, journal.member_id)
    if any(p.bucket != journal.bucket for p in journal.postings):
        yield Violation(REFERENCES, journal.key, "has a posting in another bucket")
    if [p.number for p in journal.postings] != list(range(len(journal.postings))):
        yield Violation(REFERENCES, journal.key, "its postings are not numbered 0, 1, 2, …")
    if journal.total_fen and not journal.postings:
        yield Violation(REFERENCES, journal.key, f"moves {journal.total_fen} fen by no posting")


def check_posting_alone(posting: PostingRow) -> Iterator[Violation]:
    """A posting stands under its journal; this one was found without."""
    key = f"{name_of((posting.day, posting.journal_id))} posting {posting.number}"
    yield Violation(REFERENCES, key, "has no journal")


@dataclass(frozen=True, slots=True)
class Undoing:
    """What an undo touches: the undo rows, register rows and journals that were looked up."""

    undos: Mapping[str, UndoRow]
    requests: Mapping[str, RequestRow]
    journals: Mapping[Ref, JournalRow]


def check_undo_journal(journal: JournalRow, known: Undoing) -> Iterator[Violation]:
    """An undo journal is its original's, negated to the fen, under the original's only undo row."""
    if journal.undoes is None:
        return
    original = known.journals.get(journal.undoes)
    if original is None:
        yield Violation(7, journal.key, f"undoes {name_of(journal.undoes)}, which is not there")
        return
    if original.is_share != journal.is_share or original.kind not in _undoable(journal):
        yield Violation(7, journal.key, f"undoes {original.key}, which is a {original.kind}")
    yield from _check_negated(original, journal)
    if journal.kind == "restoration":
        yield from check_restoring(journal, original, known.journals)
        return
    yield from check_restored(journal, known.journals)
    undo = known.undos.get(original.request_id)
    if undo is None:
        yield Violation(7, journal.key, f"undoes {original.request_id}, which has no undo row")
    elif (undo.by_request_id, undo.kind) != (journal.request_id, journal.kind):
        yield Violation(
            7, journal.key,
            f"undoes {original.request_id}, whose one undo is the {undo.kind} by "
            f"{undo.by_request_id}",
        )  # fmt: skip


def check_undo_row(undo: UndoRow, known: Undoing) -> Iterator[Violation]:
    """An undo row stands for one undoing that was done: its request, and its journal if any."""
    original, by = (known.requests.get(i) for i in (undo.original_id, undo.by_request_id))
    if original is None:
        yield Violation(7, undo.key, "its original is not in the register")
        return
    if by is None or by.method not in _UNDOERS.get(undo.kind, ()) or by.code != ReplyCode.OK:
        yield Violation(7, undo.key, f"no {undo.kind} by {undo.by_request_id} was answered OK")
        return
    if undo.kind == "tombstone":
        if original.method != TOMBSTONE:
            yield Violation(7, undo.key, f"is a tombstone, and its original is a {original.method}")
        return
    ref = undoing_ref(by, undo.kind)
    journal = None if ref is None else known.journals.get(ref)
    if journal is None or journal.undoes is None or journal.undoes != standing_ref(original):
        yield Violation(7, undo.key, f"{by.key} posted no journal that undoes it")


def check_lane(batch: BatchRow, lanes: Collection[int]) -> Iterator[Violation]:
    """A batch is of a lane that was born."""
    if batch.lane not in lanes:
        yield Violation(REFERENCES, batch.key, "its lane was never born")


def check_request_bucket(row: RequestRow) -> Iterator[Violation]:
    """A register row lies in the bucket of the person it found."""
    if row.member_id:
        yield from _check_bucket(row.key, row.bucket, row.member_id)


def _check_tombstone(case: Case) -> Iterator[Violation]:
    row, undo, by = case.row, case.undone, case.undoer
    if row.ref is not None:
        yield Violation(4, row.key, f"is a tombstone and names {name_of(row.ref)}")
    if undo is None or undo.kind != "tombstone":
        yield Violation(4, row.key, "is a tombstone without its undo row")
        return
    beside = by is not None and (by.lane, by.batch, by.position) == (
        row.lane, row.batch, row.position,
    )  # fmt: skip
    if by is None or by.method != "Reverse" or not beside:
        yield Violation(4, row.key, f"is a tombstone without its Reverse {undo.by_request_id}")


def _check_own_journal(case: Case, ref: Ref) -> Iterator[Violation]:
    row, journal = case.row, case.journal
    if journal is None:
        yield Violation(4, row.key, f"names {name_of(ref)}, which is not there")
        return
    here = (row.request_id, _KINDS[row.method], row.member_id, row.member_version, row.bucket)
    there = (journal.request_id, journal.kind, journal.member_id, journal.member_version,
             journal.bucket)  # fmt: skip
    if here != there or journal.place != (row.lane, row.batch, row.position):
        yield Violation(4, row.key, f"and {journal.key} are not of one act")
    if case.reply is None:
        return
    said = (
        case.reply.settlement_id if row.method in SETTLED else case.reply.undone.undo_settlement_id
    )
    if said != settlement_id(ref[0], JournalId(ref[1])):
        yield Violation(4, row.key, f"was answered {said or 'no settlement'}, posted {journal.key}")


def _check_negated(original: JournalRow, undo: JournalRow) -> Iterator[Violation]:
    left = original.balance_changes()
    for place, change in undo.balance_changes().items():
        left[place] = left.get(place, 0) + change
    for (book, account), change in sorted(left.items()):
        if change:
            yield Violation(7, undo.key, f"leaves {change} fen on {account} in book {book}")
    if undo.deltas != negated(original.deltas):
        yield Violation(7, undo.key, "its accumulator deltas are not the original's negated")
    totals = ("total_fen", "account_current_delta_fen", "account_earlier_delta_fen")
    for name in totals:
        if getattr(original, name) + getattr(undo, name):
            yield Violation(7, undo.key, f"its {name} is not the original's negated")
    same = ("member_id", "institution", "region_insured", "region_care", "window_book")
    for name in same:
        if getattr(original, name) != getattr(undo, name):
            yield Violation(7, undo.key, f"its {name} is not the original's")


def _undoable(journal: JournalRow) -> tuple[str, ...]:
    """Return the kinds that a journal may undo."""
    if journal.kind == "restoration":
        return ("replacement",)
    if journal.is_share:
        return ("shared", "restoration")
    return ("settlement", "restoration", "adjustment")


def _check_bucket(key: str, bucket: int, member_id: str) -> Iterator[Violation]:
    if bucket != bucket_of_member(MemberId(member_id)):
        yield Violation(REFERENCES, key, f"lies in bucket {bucket}, which is not its person's")
