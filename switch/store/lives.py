"""Which replaced settlements stand: a replacement that was reversed undoes nothing, and one by the
office corrects.

An undo row is for ever, so what stands again is undone the next time under the id of the reversal,
or of the adjustment, by which it does: at most one undo of each of its lives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from switch.model.ids import JournalId, RequestId, request_day
from switch.model.journal import JournalRef
from switch.pipeline.view import Undone, View
from switch.store.channel import Channel, Statement

REPLACEMENT: Final = "replacement"
REVERSAL: Final = "reversal"
ADJUST: Final = "Adjust"

_UNDOS: Final = Statement(
    "undos",
    """
SELECT u.original_id, u.kind, u.by_request_id, u.at, r.method, r.journal_day, r.journal_id
FROM unnest($1::date[], $2::text[]) AS k(month, request_id)
JOIN undo u ON u.month = k.month AND u.original_id = k.request_id
JOIN request r ON r.request_id = u.by_request_id
    AND r.month = make_date(substr(r.request_id, 13, 4)::int, substr(r.request_id, 17, 2)::int, 1)
""",
    ("date[]", "text[]"),
)


@dataclass(frozen=True, slots=True)
class _Undo:
    """What ended one life, and the journal of the request that did it."""

    kind: str
    by: RequestId
    at: datetime
    method: str
    day: date | None
    journal_id: int | None


async def read_lives(channel: Channel, view: View) -> None:
    """Let every replaced settlement in a view's register be as the reversals since leave it."""
    replaced = [
        row
        for row in view.register.values()
        if row.undone is not None and row.undone.kind == REPLACEMENT
    ]
    found: dict[RequestId, _Undo] = {}
    asked = {row.request_id for row in replaced}
    while asked:
        months = [request_day(one).replace(day=1) for one in asked]
        (answer,) = await channel.run([(_UNDOS, _UNDOS.parameters((months, list(asked))))])
        rows = {RequestId(row[0]): _Undo(*row[1:]) for row in answer}
        found |= rows
        follow = {one.by for one in rows.values() if one.kind in {REPLACEMENT, REVERSAL}}
        asked = follow - found.keys()
    for row in replaced:
        stands, end = _life(found, row.request_id, row.stands)
        undone = None if end is None else Undone(end.kind, RequestId(end.by), end.at)
        view.register[row.request_id] = replace(row, stands=stands, undone=undone)


def _life(
    undos: Mapping[RequestId, _Undo], request_id: RequestId, stands: JournalRef | None
) -> tuple[JournalRef | None, _Undo | None]:
    """Return the journal of a settlement's last life, and what ended that, if anything did.

    `request_id` names the life: the settlement itself, or the reversal that let it stand again.
    """
    undo = undos.get(request_id)
    if undo is None or undo.kind != REPLACEMENT:
        return stands, undo
    if undo.method == ADJUST and undo.day is not None and undo.journal_id is not None:
        # The office corrected it: it stands by the correction.
        return _life(undos, undo.by, JournalRef(undo.day, JournalId(undo.journal_id)))
    _, end = _life(undos, undo.by, None)  # what became of the one that replaced it
    if end is None or end.kind != REVERSAL or end.day is None or end.journal_id is None:
        return stands, undo
    # The reversal's own journal undoes what replaced; the one beside it restores.
    return _life(undos, end.by, JournalRef(end.day, JournalId(end.journal_id + 1)))
