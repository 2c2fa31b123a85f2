"""Reads what is to be undone: originals, what relatives paid of them, and what came later."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Final

from psycopg.rows import TupleRow

from switch.ledger.entries import shared
from switch.model.ids import (
    SHARE_STEP,
    InstitutionCode,
    JournalId,
    MemberId,
    RegionCode,
    RequestId,
)
from switch.model.journal import Journal, JournalKind, JournalRef, Posting, Window
from switch.model.money import Fen
from switch.model.stages import Original, Presettle, Reverse, Settle, Undo
from switch.pipeline.family import RELATIVES_MAX
from switch.pipeline.view import View
from switch.store.channel import Channel, Statement
from switch.store.old_books import OldBooks

_LINKS: Final = frozenset({JournalKind.REPLACEMENT, JournalKind.RESTORATION})

_ORIGINALS: Final = Statement(
    "originals",
    """
SELECT j.* FROM unnest($1::date[], $2::bigint[]) AS k(day, id)
JOIN journal_row j ON j.day = k.day AND j.id = k.id
""",
    ("date[]", "bigint[]"),
)

_LATER: Final = Statement(
    "later",
    """
SELECT j.* FROM unnest($1::text[], $2::date[]) AS k(member_id, since)
JOIN journal_row j
    ON j.member_id = k.member_id AND j.day >= k.since
        AND j.kind IN ('settlement', 'restoration', 'adjustment')
WHERE NOT EXISTS (
    SELECT FROM journal u
    WHERE u.member_id = j.member_id AND u.day >= j.day AND u.undoes_id = j.id
        AND u.undoes_day = j.day)
""",
    ("text[]", "date[]"),
)


def undone_by(asked: object) -> Original | None:
    """Return the settlement that a request undoes or replaces, as it names it."""
    if isinstance(asked, Settle | Presettle):
        return asked.replaces
    return asked.original if isinstance(asked, Undo) else None


async def read_originals(
    channel: Channel, view: View, undone: Sequence[tuple[object, Original]]
) -> Iterable[MemberId]:
    """Add the originals of a view's register rows, and return the relatives who paid of them."""
    refs: set[JournalRef] = set()
    people: dict[str, date] = {}
    reversed_: set[JournalRef] = set()
    for operation, stated in undone:
        found = view.register.get(stated.request_id)
        if found is None or found.journal is None or found.stands is None:
            continue
        refs.add(found.stands)
        if isinstance(operation, Reverse):
            reversed_.add(found.journal)
        else:
            since = people.get(found.member_id, found.stands.day)
            people[found.member_id] = min(since, found.stands.day)
    if not refs:
        return ()
    keys = _keys(refs | {_beside(ref) for ref in reversed_})
    originals, later = await channel.run(
        (
            (_ORIGINALS, _ORIGINALS.parameters(keys)),
            (_LATER, _LATER.parameters((list(people), list(people.values())))),
        )
    )
    for row in originals:
        _add(view, journal_of(row), reversed_)
    for row in later:
        journal = journal_of(row)
        view.live.setdefault(journal.member_id, []).append(journal)
    await _read_replaced(channel, view)
    return await _read_shares(channel, view)


async def read_books(
    channel: Channel,
    view: View,
    undone: Sequence[tuple[object, Original]],
    old_books: OldBooks,
) -> None:
    """Add the rule books of what is replaced, where others are in force by now."""
    for operation, stated in undone:
        row = view.register.get(stated.request_id)
        if isinstance(operation, Undo) or row is None or row.stands is None:
            continue
        original = view.originals.get(row.stands)
        if original is None:
            continue
        key = (original.region_insured, row.rule_book)
        known = view.reference.rules.books.get(original.region_insured)
        if known is None or known.hash != row.rule_book:
            book = await old_books.find(channel, key)
            view.books |= {} if book is None else {key: book}


def _add(view: View, journal: Journal, reversed_: Collection[JournalRef]) -> None:
    """Add a journal that was read: an original, or that by which one to be reversed replaced."""
    settled = JournalRef(journal.ref.day, JournalId(journal.ref.journal_id - 1))
    if journal.kind is JournalKind.REPLACEMENT and settled in reversed_:
        view.replacements[settled] = journal
    view.originals[journal.ref] = journal


async def _read_replaced(channel: Channel, view: View) -> None:
    """Add what replacements undid, back to the settlement whose life is being restored."""
    while missing := {
        one.undoes
        for one in view.originals.values()
        if one.kind in _LINKS and one.undoes is not None and one.undoes not in view.originals
    }:
        (rows,) = await channel.run([(_ORIGINALS, _ORIGINALS.parameters(_keys(missing)))])
        found = [journal_of(row) for row in rows]
        view.originals |= {one.ref: one for one in found}
        if len(found) < len(missing):
            return  # what is missing is found missing when it is needed


def _beside(ref: JournalRef) -> JournalRef:
    """Name the second journal of a request that posted two of one person."""
    return JournalRef(ref.day, JournalId(ref.journal_id + 1))


def _keys(refs: Iterable[JournalRef]) -> tuple[list[date], list[JournalId]]:
    named = list(refs)
    return [ref.day for ref in named], [ref.journal_id for ref in named]


async def _read_shares(channel: Channel, view: View) -> Iterable[MemberId]:
    """Add what relatives paid of the originals, and return who they are."""
    refs = [one.ref for one in view.originals.values() if shared(one.postings)]
    if not refs:
        return ()
    steps = [SHARE_STEP * number for number in range(1, RELATIVES_MAX + 1)]
    rows = await channel.ask(
        _ORIGINALS,
        [r.day for r in refs for _ in steps],
        [r.journal_id + s for r in refs for s in steps],
    )
    found = sorted(map(journal_of, rows), key=lambda one: one.ref.journal_id)
    for ref in refs:
        theirs = {JournalRef(ref.day, JournalId(ref.journal_id + step)) for step in steps}
        view.shares[ref] = [one for one in found if one.ref in theirs]
    return {one.member_id for one in found}


def journal_of(row: TupleRow) -> Journal:
    """Return the journal of a row: its 21 columns in table order, then its postings as JSON."""
    undoes = None if row[19] is None else JournalRef(row[18], JournalId(row[19]))
    return Journal(
        ref=JournalRef(row[0], JournalId(row[1])),
        window=Window(row[3], row[0]),
        kind=JournalKind(row[4]),
        request_id=RequestId(row[5]),
        institution=InstitutionCode(row[6]),
        member_id=MemberId(row[7]),
        bucket=row[2],
        member_version=row[8],
        region_insured=RegionCode(row[9]),
        region_care=RegionCode(row[10]),
        insurance=row[11],
        clearing_type=row[12],
        total_fen=Fen(row[13]),
        account_current_delta_fen=row[14],
        account_earlier_delta_fen=row[15],
        deltas=row[16],
        consulted=frozenset(row[17]),
        undoes=undoes,
        posted_at=row[20],
        postings=tuple(Posting(*fields) for fields in row[21] or ()),
    )
