"""Reads what was settled for a person in a year, by the one index that leads from him."""

from collections.abc import Collection
from datetime import date
from typing import Final

from switch.model.ids import MemberId
from switch.pipeline.holder import SETTLEMENTS_MAX
from switch.pipeline.view import View
from switch.store.channel import Channel, Statement
from switch.store.originals import journal_of

_COLUMNS: Final = 22
_YEAR: Final = Statement(
    "holder_years",
    """
SELECT j.*, EXISTS (
    SELECT FROM journal u WHERE u.member_id = j.member_id AND u.day >= j.day
        AND u.undoes_id = j.id AND u.undoes_day = j.day)
FROM unnest($1::text[], $2::date[], $3::date[]) AS k(member_id, first, last)
CROSS JOIN LATERAL (
    SELECT * FROM journal_row r
    WHERE r.member_id = k.member_id AND r.day BETWEEN k.first AND k.last
        AND r.kind IN ('settlement', 'shared', 'restoration', 'adjustment')
    ORDER BY r.day DESC, r.id DESC LIMIT $4::int) AS j
ORDER BY j.day, j.id
""",
    ("text[]", "date[]", "date[]", "int"),
)


async def read_years(
    channel: Channel, view: View, wanted: Collection[tuple[MemberId, int]]
) -> None:
    """Add the latest settlements of people's years, one more than is told."""
    keys = sorted(wanted)
    rows = await channel.ask(
        _YEAR,
        [member for member, _ in keys],
        [date(year, 1, 1) for _, year in keys],
        [date(year, 12, 31) for _, year in keys],
        SETTLEMENTS_MAX + 1,
    )
    for row in rows:
        journal = journal_of(row[:_COLUMNS])
        key = (journal.member_id, journal.ref.day.year)
        view.years.setdefault(key, []).append((journal, row[_COLUMNS]))
