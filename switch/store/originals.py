"""Reads what is to be undone: originals, what relatives paid of them, and what came later."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from psycopg.rows import TupleRow

from switch.ledger.entries import relative_part
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
from switch.model.stages import Cancel, Undo
from switch.pipeline.family import RELATIVES_MAX
from switch.pipeline.view import View
from switch.store.channel import Channel, Statement

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
    ON j.member_id = k.member_id AND j.day >= k.since AND j.kind = 'settlement'
WHERE NOT EXISTS (
    SELECT FROM journal u
    WHERE u.member_id = j.member_id AND u.day >= j.day AND u.undoes_id = j.id
        AND u.undoes_day = j.day)
""",
    ("text[]", "date[]"),
)


async def read_originals(
    channel: Channel, view: View, undone: Sequence[Undo]
) -> Iterable[MemberId]:
    """Add the originals of a view's register rows, and return the relatives who paid of them."""
    refs: list[JournalRef] = []
    people: dict[str, date] = {}
    for operation in undone:
        found = view.register.get(operation.original.request_id)
        if found is None or found.journal is None:
            continue
        refs.append(found.journal)
        if isinstance(operation, Cancel):
            since = people.get(found.member_id, found.journal.day)
            people[found.member_id] = min(since, found.journal.day)
    if not refs:
        return ()
    keys = ([r.day for r in refs], [r.journal_id for r in refs])
    originals, later = await channel.run(
        (
            (_ORIGINALS, _ORIGINALS.parameters(keys)),
            (_LATER, _LATER.parameters((list(people), list(people.values())))),
        )
    )
    for row in originals:
        journal = journal_of(row)
        view.originals[journal.ref] = journal
    for row in later:
        journal = journal_of(row)
        view.live.setdefault(journal.member_id, []).append(journal)
    return await _read_shares(channel, view)


async def _read_shares(channel: Channel, view: View) -> Iterable[MemberId]:
    """Add what relatives paid of the originals, and return who they are."""
    refs = [one.ref for one in view.originals.values() if relative_part(one.postings)]
    if not refs:
        return ()
    steps = [SHARE_STEP * number for number in range(1, RELATIVES_MAX + 1)]
    keys = ([r.day for r in refs for _ in steps], [r.journal_id + s for r in refs for s in steps])
    (rows,) = await channel.run([(_ORIGINALS, _ORIGINALS.parameters(keys))])
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
