"""Reads visits and their lines beside the walks: by primary key, in chunks."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from psycopg.rows import TupleRow

from switch.model.claim import FeeLine
from switch.model.ids import bucket_of_visit
from switch.store.visits import line_of

CHUNK_VISITS: Final = 200
"""Visits of one statement, each with the sums of its lines."""

_VISIT_COLUMNS: Final = """
SELECT to_jsonb(v), (SELECT json_agg(json_build_array(c.change, c.lines, c.fen, c.last)) FROM (
    SELECT l.change, count(*) FILTER (WHERE l.withdrawn IS NULL) AS lines,
        coalesce(sum((l.content ->> 6)::bigint) FILTER (WHERE l.withdrawn IS NULL), 0) AS fen,
        max(coalesce(l.withdrawn, l.change)) AS last
    FROM medswitch.visit_line l WHERE l.bucket = v.bucket AND l.visit_id = v.visit_id
    GROUP BY l.change) AS c)
"""
_VISITS: Final = (
    _VISIT_COLUMNS
    + """
FROM medswitch.visit v WHERE (v.bucket, v.visit_id) > (%s, %s)
ORDER BY v.bucket, v.visit_id LIMIT %s
"""
)
_VISITS_NAMED: Final = """
SELECT to_jsonb(v) FROM unnest(%s::int[], %s::text[]) AS k(bucket, visit_id)
JOIN medswitch.visit v ON v.bucket = k.bucket AND v.visit_id = k.visit_id
"""
_LINES: Final = """
SELECT l.number, l.change, l.withdrawn, l.withdraws, l.on_day::text, l.content
FROM medswitch.visit_line l
WHERE l.bucket = %s AND l.visit_id = %s
"""
_ALONE: Final = """
SELECT DISTINCT l.visit_id FROM medswitch.visit_line l WHERE NOT EXISTS (
    SELECT FROM medswitch.visit v WHERE v.bucket = l.bucket AND v.visit_id = l.visit_id)
LIMIT 100
"""


class Reads(Protocol):
    """What answers a statement with all of its rows."""

    def all(self, statement: Any, values: Sequence[Any] = ()) -> list[TupleRow]:
        """Return the rows."""
        ...


@dataclass(frozen=True, slots=True)
class ChangeSum:
    """What stands of the lines of one change, and the last change any of them says it saw."""

    change: int
    lines: int
    fen: int
    last: int


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit as it stands, column → JSON value, with the sums of its lines by change."""

    row: Mapping[str, Any]
    sums: tuple[ChangeSum, ...]

    @property
    def key(self) -> str:
        """Return how a violation names it."""
        return f"visit {self.row['visit_id']}"


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of a visit, as it stands."""

    number: int
    change: int
    withdrawn: int | None
    withdraws: int
    on_day: str
    content: list[Any]


def visits(reader: Reads) -> Iterator[list[VisitRow]]:
    """Yield every visit."""
    after: tuple[int, str] = (-1, "")
    while rows := reader.all(_VISITS, (*after, CHUNK_VISITS)):
        yield [VisitRow(row, tuple(ChangeSum(*one) for one in sums or ())) for row, sums in rows]
        after = rows[-1][0]["bucket"], rows[-1][0]["visit_id"]


def visits_named(reader: Reads, ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """Return visits by id."""
    if not ids:
        return {}
    rows = reader.all(_VISITS_NAMED, ([bucket_of_visit(one) for one in ids], list(ids)))
    return {row["visit_id"]: row for (row,) in rows}


def lines_of(reader: Reads, visit_id: str) -> list[LineRow]:
    """Return every line of a visit, withdrawn ones too."""
    return [LineRow(*row) for row in reader.all(_LINES, (bucket_of_visit(visit_id), visit_id))]


def lines_at(reader: Reads, visit_id: str, change: int) -> list[tuple[FeeLine, int]]:
    """Return the lines that stood in a visit after a change, each with the one it came with."""
    return [
        (line_of(one.content), one.change)
        for one in lines_of(reader, visit_id)
        if one.change <= change and (one.withdrawn is None or one.withdrawn > change)
    ]


def lines_alone(reader: Reads) -> list[str]:
    """Return visits that lines name and that are not there."""
    return [str(row[0]) for row in reader.all(_ALONE)]
