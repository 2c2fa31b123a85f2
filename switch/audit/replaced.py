"""Part refunds under invariants 3, 4, 7 and 10: what a request that posts two journals promises.

A settlement that replaces another posts the other's undoing beside its own journal; a reversal of
such a one posts, beside its own, what stands again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from medswitch.v1 import common_pb2, settlement_pb2
from switch.audit.findings import Violation
from switch.audit.replies import ADJUST
from switch.audit.rows import Case, JournalRow, Ref, RequestRow, name_of
from switch.ledger import entries
from switch.model.ids import JournalId, settlement_id
from switch.model.journal import Paid
from switch.model.stages import Recorded, Reverse, Settle
from switch.pipeline.replace import check_remaining

_BESIDE: Final = {
    "Settle": "replacement",
    "Adjust": "replacement",
    "Reverse": "restoration",
}
"""Method → the kind of a second journal of its person."""
_TWO: Final = frozenset({"settlement", "adjustment"})
"""Kinds that another journal of the request may stand beside."""


def beside_of(ref: Ref) -> Ref:
    """Return what names the second journal of a request, by its first."""
    return ref[0], ref[1] + 1


def may_post_two(row: RequestRow, operation: Recorded | None) -> bool:
    """Say whether a request may have posted a second journal of its person."""
    replaces = isinstance(operation, Settle) and operation.replaces is not None
    two = replaces or row.method == ADJUST or isinstance(operation, Reverse)
    return row.ref is not None and two


def check_beside(case: Case) -> Iterator[Violation]:
    """A request has a second journal exactly when it asked for one, or was answered one."""
    row, operation, beside = case.row, case.operation, case.beside
    if row.ref is None or case.reply is None:
        return
    if isinstance(operation, Settle):
        due = operation.replaces is not None or row.method == ADJUST
        said = case.reply.replaced.undo_settlement_id
    elif isinstance(operation, Reverse):
        due = case.reply.undone.HasField("restored")
        said = case.reply.undone.restored.restoring_settlement_id
    else:
        return
    if due != (beside is not None):
        yield Violation(4, row.key, f"has {'no' if due else 'a'} second journal")
    posted = "" if beside is None else settlement_id(beside.day, JournalId(beside.id))
    if said != posted:
        yield Violation(4, row.key, f"was answered {said or 'nothing'} beside, not {posted}")


def check_besides_request(journal: JournalRow, row: RequestRow) -> Iterator[Violation]:
    """A second journal stands at the next place and is of the kind that its request posts."""
    here = (_BESIDE.get(row.method), row.lane, row.batch, row.position + 1, row.member_id)
    there = (journal.kind, *journal.place, journal.member_id)
    if here != there or row.ref is None or beside_of(row.ref) != journal.ref:
        yield Violation(4, journal.key, f"and {row.key} are not of one act")


def check_said(case: Case) -> Iterator[Violation]:
    """What a reply says was replaced, or stands again, is what its second journal moved."""
    if case.beside is None or case.reply is None:
        return
    key, journal = case.row.key, case.beside.model()
    if isinstance(case.operation, Settle):
        paid = entries.paid(entries.negated(journal))
        yield from _compare(key, _replaced(paid, case.reply.decision.split), case.reply.replaced)
    else:
        yield from _compare(key, _restored(entries.paid(journal)), case.reply.undone.restored)


def check_as_then(case: Case) -> Iterator[Violation]:
    """A replacing settlement is the original's bill with less on it, by the original's rules."""
    operation, original = case.operation, case.replaced
    if not isinstance(operation, Settle) or operation.replaces is None or case.row.ref is None:
        return
    if original is None:
        yield Violation(10, case.row.key, f"replaces {operation.replaces.request_id}, unknown")
        return
    if original.rule_book != case.row.rule_book:
        yield Violation(
            10, case.row.key,
            f"was decided by rule book {case.row.rule_book}, {original.key}, which it replaces, "
            f"by {original.rule_book}",
        )  # fmt: skip
    if case.before is None:
        yield Violation(10, case.row.key, f"replaces {original.key}, whose claim cannot be read")
    elif (decline := check_remaining(case.before, operation.claim)) is not None:
        facts = ", ".join(f"{name} {value}" for name, value in decline.facts.items())
        yield Violation(10, case.row.key, f"is not {original.key} with less on it: {facts}")


def undoing_ref(by: RequestRow, kind: str) -> Ref | None:
    """Return what names the journal by which a request undid another."""
    return beside_of(by.ref) if by.ref is not None and kind == "replacement" else by.ref


def standing_ref(original: RequestRow) -> Ref | None:
    """Return what names the journal by which a request stands: a reversal's is what it restored."""
    restored = original.ref is not None and original.method == "Reverse"
    return beside_of(original.ref) if restored and original.ref is not None else original.ref


def check_restored(journal: JournalRow, journals: Mapping[Ref, JournalRow]) -> Iterator[Violation]:
    """A reversal restores exactly what the settlement that it reverses had replaced."""
    settled = origin(journal, journals)
    if journal.kind != "reversal" or journal.is_share or settled is None:
        return
    back, again = journals.get(beside_of(settled.ref)), journals.get(beside_of(journal.ref))
    due = None
    if back is not None and (back.kind, back.request_id) == ("replacement", settled.request_id):
        due = back.ref
    done = None
    if again is not None and (again.kind, again.request_id) == ("restoration", journal.request_id):
        done = again.undoes
    if due != done:
        said = ["nothing" if one is None else name_of(one) for one in (due, done)]
        yield Violation(7, journal.key, f"had {said[0]} to restore, and restored {said[1]}")


def origin(journal: JournalRow, journals: Mapping[Ref, JournalRow]) -> JournalRow | None:
    """Return the settlement that an undo journal undoes, in whichever of its lives."""
    found = None if journal.undoes is None else journals.get(journal.undoes)
    for _ in journals:  # bounded: tampered rows may turn in a circle
        if found is None or found.kind not in {"restoration", "adjustment"}:
            break
        ref = beside_of(found.ref) if found.kind == "adjustment" else found.undoes
        back = None if ref is None else journals.get(ref)
        found = None if back is None or back.undoes is None else journals.get(back.undoes)
    return found


def check_restoring(
    journal: JournalRow, back: JournalRow, journals: Mapping[Ref, JournalRow]
) -> Iterator[Violation]:
    """What stands again does so beside the reversal of the very settlement that replaced it."""
    if journal.is_share:
        return  # its request's own restoration says it
    by = journals.get((journal.day, journal.id - 1))
    reversed_ = None if by is None or by.kind != "reversal" else origin(by, journals)
    if reversed_ is None or beside_of(reversed_.ref) != back.ref:
        yield Violation(7, journal.key, f"restores {back.key}, and nobody reversed its request")


def load_linked(
    journals: Iterable[JournalRow], load: Callable[[set[Ref]], dict[Ref, JournalRow]]
) -> dict[Ref, JournalRow]:
    """Return what undo journals undo, and all that `check_restored` and `check_restoring` read."""
    undoing = [one for one in journals if one.undoes is not None]
    found = {one.ref: one for one in undoing}
    asked: set[Ref] = {ref for one in undoing if (ref := one.undoes) is not None}
    asked |= {beside_of(one.ref) for one in undoing if one.kind == "reversal"}
    asked |= {(one.day, one.id - 1) for one in undoing if one.kind == "restoration"}
    while asked:
        loaded = load(asked)
        found |= loaded
        asked = (
            {
                ref
                for one in loaded.values()
                for ref in (one.undoes, beside_of(one.ref) if one.kind in _TWO else None)
                if ref is not None
            }
            - found.keys()
            - asked
        )
    return found


def refs_about(rows: Iterable[RequestRow]) -> set[Ref]:
    """Return what names the journals of requests, second ones too."""
    refs = {row.ref for row in rows if row.ref is not None}
    return refs | {beside_of(ref) for ref in refs}


def _replaced(paid: Paid, split: common_pb2.Split) -> dict[str, int]:
    return {
        "fund_fen": paid.fund_fen,
        "account_fen": paid.account_fen,
        "account_relative_fen": paid.account_relative_fen,
        "cash_fen": paid.cash_fen,
        "hospital_fen": paid.hospital_fen,
        "fund_back_fen": paid.fund_fen - split.fund_fen,
        "account_current_back_fen": paid.account_current_fen - split.account_current_fen,
        "account_earlier_back_fen": paid.account_earlier_fen - split.account_earlier_fen,
        "account_relative_back_fen": paid.account_relative_fen - split.account_relative_fen,
        "cash_back_fen": paid.cash_fen - split.cash_fen,
        "hospital_back_fen": paid.hospital_fen - split.hospital_fen,
    }


def _restored(paid: Paid) -> dict[str, int]:
    return {
        "total_fen": paid.total_fen,
        "fund_fen": paid.fund_fen,
        "account_fen": paid.account_fen,
        "account_relative_fen": paid.account_relative_fen,
        "cash_fen": paid.cash_fen,
        "hospital_fen": paid.hospital_fen,
    }


def _compare(
    key: str,
    posted: Mapping[str, int],
    said: settlement_pb2.Replaced | settlement_pb2.Restored,
) -> Iterator[Violation]:
    for name, amount in posted.items():
        if getattr(said, name) != amount:
            yield Violation(
                3, key, f"{name}: its reply says {getattr(said, name)} fen beside, its journal "
                f"{amount}",
            )  # fmt: skip
