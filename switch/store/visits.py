"""Visits and their lines: rows of `visit` and `visit_line`, read for whom a request names.

A line is kept as one JSON list, and the lines of one change are read as one text: rows of columns
would take ten times as long to take apart, and the text of a whole visit would be taken apart in
one step that lets no other thread of the process run. Only requests that name a visit read any.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from switch.model.act import Act
from switch.model.claim import FeeLine
from switch.model.codes import Kind
from switch.model.ids import (
    InstitutionCode,
    MemberId,
    RegionCode,
    RequestId,
    SettlementId,
    bucket_of_member,
    bucket_of_visit,
)
from switch.model.money import Fen
from switch.model.stages import (
    CancelVisit,
    Discharge,
    GetVisit,
    OfVisit,
    Register,
    Update,
    UploadLines,
    WithdrawLines,
)
from switch.model.visit import Taking, Visit, VisitDetails, VisitLine, VisitState
from switch.pipeline.view import View
from switch.pipeline.visit import PAGE_LINES
from switch.store.acts import act_of, act_row
from switch.store.channel import Channel, Statement

_VISITS: Final = Statement(
    "visits",
    """
SELECT to_jsonb(v) FROM unnest($1::int[], $2::text[]) AS k(bucket, visit_id)
JOIN visit v ON v.bucket = k.bucket AND v.visit_id = k.visit_id
UNION ALL
SELECT to_jsonb(v) FROM unnest($3::int[], $4::text[]) AS k(bucket, member_id)
JOIN visit v ON v.bucket = k.bucket AND v.member_id = k.member_id AND v.state = 'registered'
""",
    ("int[]", "text[]", "int[]", "text[]"),
)

# Every line that stands, or only those of changes that are not all settled.
_ALL_LINES: Final = Statement(
    "visit_lines_all",
    """
SELECT k.visit_id, l.change, json_agg(l.content)
FROM unnest($1::int[], $2::text[], $3::int[]) AS k(bucket, visit_id, whole)
JOIN visit v ON v.bucket = k.bucket AND v.visit_id = k.visit_id
JOIN visit_line l ON l.bucket = v.bucket AND l.visit_id = v.visit_id AND l.withdrawn IS NULL
    AND (k.whole = 1 OR l.change > v.settled_change)
GROUP BY k.visit_id, l.change
""",
    ("int[]", "text[]", "int[]"),
)

_LINES: Final = Statement(
    "visit_lines",
    """
SELECT k.visit_id, l.change, json_agg(l.content)
FROM unnest($1::int[], $2::text[], $3::bigint[]) AS k(bucket, visit_id, number)
JOIN visit_line l ON l.bucket = k.bucket AND l.visit_id = k.visit_id AND l.number = k.number
    AND l.withdrawn IS NULL
GROUP BY k.visit_id, l.change
""",
    ("int[]", "text[]", "bigint[]"),
)

_LINES_NAMING: Final = Statement(
    "visit_lines_naming",
    """
SELECT k.visit_id, l.change, json_agg(l.content)
FROM unnest($1::int[], $2::text[], $3::bigint[]) AS k(bucket, visit_id, number)
JOIN visit_line l ON l.bucket = k.bucket AND l.visit_id = k.visit_id AND l.withdraws = k.number
    AND l.withdrawn IS NULL
GROUP BY k.visit_id, l.change
""",
    ("int[]", "text[]", "bigint[]"),
)

_PAGE: Final = Statement(
    "visit_page",
    """
SELECT k.visit_id, p.change, json_agg(p.content)
FROM unnest($1::int[], $2::text[], $3::bigint[]) AS k(bucket, visit_id, number)
CROSS JOIN LATERAL (
    SELECT l.change, l.content FROM visit_line l
    WHERE l.bucket = k.bucket AND l.visit_id = k.visit_id AND l.number > k.number
        AND l.withdrawn IS NULL
    ORDER BY l.number LIMIT $4) AS p
GROUP BY k.visit_id, p.change
""",
    ("int[]", "text[]", "bigint[]", "int"),
)

_DAYS: Final = Statement(
    "visit_days",
    """
SELECT k.visit_id, min(l.on_day), max(l.on_day)
FROM unnest($1::int[], $2::text[]) AS k(bucket, visit_id)
JOIN visit_line l ON l.bucket = k.bucket AND l.visit_id = k.visit_id AND l.withdrawn IS NULL
GROUP BY k.visit_id
""",
    ("int[]", "text[]"),
)

Numbers = set[tuple[str, int]]
"""Visit and line number."""


async def read_visits(
    channel: Channel,
    view: View,
    asked: Iterable[OfVisit | Register],
    settled: Iterable[str],
    named: Iterable[str],
    undone: Iterable[str],
) -> None:
    """Add the visits that requests name to a view that holds the people, with the lines they need.

    `settled`: visits whose unsettled lines a claim takes; `named`: visits that a claim with lines
    of its own names; `undone`: visits of which a settlement is undone. Whoever changed a visit
    since made a version of its person, by which posting finds out. Raises: psycopg.Error.
    """
    wanted = _Wanted(asked, set(settled), set(undone))
    wanted.visits.update(named)
    calls = [(_VISITS, (*_keys(wanted.visits), *_member_keys(wanted.members)))]
    calls += wanted.statements()
    days = (_DAYS, _keys(wanted.days))
    answers = await channel.run([(one, one.parameters(values)) for one, values in (*calls, days)])
    for (row,) in answers[0]:
        visit = visit_of(row)
        view.visits[visit.visit_id] = visit
        view.lines.setdefault(visit.visit_id, {})
    for rows in answers[1:-1]:
        for visit_id, change, contents in rows:
            lines = view.lines.setdefault(visit_id, {})
            for content in contents:
                lines[content[0]] = VisitLine(line_of(content), change)
    for visit_id, first, last in answers[-1]:
        view.line_days[visit_id] = first, last


class _Wanted:
    """What a batch's requests need of visits: each kind of statement with its keys."""

    def __init__(
        self, asked: Iterable[OfVisit | Register], settled: set[str], undone: set[str]
    ) -> None:
        self.visits = settled | undone
        self.members: set[MemberId] = set()
        self.days: set[str] = set()
        self._all = set(settled)
        self._named: Numbers = set()
        self._naming: Numbers = set()
        self._pages: Numbers = set()
        for one in asked:
            self._add(one)
        # After an undoing the lines of a settlement before are unsettled again.
        self._whole = undone

    def _add(self, one: OfVisit | Register) -> None:
        if isinstance(one, Register):
            self.members.add(one.member_id)
            if one.continues:
                self.visits.add(one.continues)
            return
        visit = one.visit_id
        self.visits.add(visit)
        match one:
            case UploadLines():
                negative = {(visit, line.withdraws) for line in one.lines if line.withdraws}
                self._named |= {(visit, line.number) for line in one.lines} | negative
                self._naming |= negative
            case WithdrawLines():
                self._all.add(visit)
                self._named |= {(visit, number) for number in one.numbers}
            case Discharge() | Update():
                self.days.add(visit)
            case CancelVisit():
                self.members.add(one.member_id)
            case GetVisit(after_line=int(after)):
                self._pages.add((visit, after))
            case _:
                pass

    def statements(self) -> Iterable[tuple[Statement, tuple[Any, ...]]]:
        """Yield the statements that read lines."""
        if self._all:
            ids = sorted(self._all)
            yield _ALL_LINES, (*_keys(ids), [int(one in self._whole) for one in ids])
        for statement, numbers, *more in (
            (_LINES, self._named),
            (_LINES_NAMING, self._naming),
            (_PAGE, self._pages, PAGE_LINES),
        ):
            if numbers:
                pairs = sorted(numbers)
                ids, lines = [visit for visit, _ in pairs], [number for _, number in pairs]
                yield statement, (*_keys(ids), lines, *more)


def _keys(visits: Iterable[str]) -> tuple[list[int], list[str]]:
    ids = list(visits)
    return [bucket_of_visit(one) for one in ids], ids


def _member_keys(members: Iterable[MemberId]) -> tuple[list[int], list[str]]:
    ids = list(members)
    return [bucket_of_member(one) for one in ids], [str(one) for one in ids]


def visit_row(visit: Visit) -> Mapping[str, Any]:
    """Return a visit's row: column → JSON value."""
    details = visit.details
    return {
        "bucket": bucket_of_visit(visit.visit_id),
        "visit_id": visit.visit_id,
        "member_id": visit.member_id,
        "institution": visit.institution,
        "number": visit.number,
        "region": visit.region,
        "insurance": visit.insurance,
        "state": visit.state,
        "kind": details.kind,
        "begun_on": details.begun_on.isoformat(),
        "ended_on": None if visit.ended_on is None else visit.ended_on.isoformat(),
        "department": details.department,
        "doctor": details.doctor,
        "diagnoses": list(details.diagnoses),
        "disease_code": details.disease_code,
        "stay": visit.stay,
        "continues": visit.continues,
        "change": visit.change,
        "settled_change": visit.settled_change,
        "lines": visit.lines,
        "unsettled_fen": visit.unsettled_fen,
        "settlements": [
            [one.request_id, one.settlement_id, [list(run) for run in one.took], one.final]
            for one in visit.settlements
        ],
        "registered": act_row(visit.registered),
        "changed": act_row(visit.changed),
    }


def visit_of(row: Mapping[str, Any]) -> Visit:
    """Return the visit of a row. Raises: ValueError, LookupError when it is none."""
    ended = row["ended_on"]
    return Visit(
        visit_id=row["visit_id"],
        member_id=MemberId(row["member_id"]),
        institution=InstitutionCode(row["institution"]),
        number=row["number"],
        region=RegionCode(row["region"]),
        insurance=row["insurance"],
        state=VisitState(row["state"]),
        details=VisitDetails(
            Kind(row["kind"]),
            date.fromisoformat(row["begun_on"]),
            row["department"],
            row["doctor"],
            tuple(row["diagnoses"]),
            row["disease_code"],
        ),
        ended_on=None if ended is None else date.fromisoformat(ended),
        stay=row["stay"],
        continues=row["continues"],
        change=row["change"],
        lines=row["lines"],
        unsettled_fen=Fen(row["unsettled_fen"]),
        settlements=tuple(
            Taking(
                RequestId(request),
                SettlementId(settlement),
                tuple((after, upto) for after, upto in took),
                final,
            )
            for request, settlement, took, final in row["settlements"]
        ),
        registered=_act(row["registered"]),
        changed=_act(row["changed"]),
    )


def line_content(line: FeeLine) -> list[Any]:
    """Return a line as its row keeps it: the number first."""
    return [
        line.number,
        line.code,
        line.name,
        line.on.isoformat(),
        line.quantity_e4,
        line.unit_price_e4,
        line.amount_fen,
        line.disease_code,
        line.withdraws,
        line.category,
    ]


def line_of(content: Sequence[Any]) -> FeeLine:
    """Return the line that a row keeps. Raises: ValueError, TypeError when it is none."""
    number, code, name, on, *rest = content
    return FeeLine(number, code, name, date.fromisoformat(on), *rest)


def _act(row: Mapping[str, Any]) -> Act:
    act = act_of(row)
    if act is None:
        raise ValueError("a visit names nobody who registered it")
    return act
