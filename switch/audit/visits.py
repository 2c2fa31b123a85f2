"""Invariant 17 of visits: each is what its last request wrote, and its lines are what came.

The lines of an upload stand in the request's own body; the register says which of them were new and
with which change of the visit. So every line is held against the bytes that brought it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from switch.audit.findings import REFERENCES, WRITTEN, Violation
from switch.audit.rows import Case, RequestRow
from switch.audit.visit_rows import LineRow, VisitRow
from switch.model.ids import MemberId, bucket_of_member, bucket_of_visit
from switch.model.reply import ReplyCode
from switch.model.stages import (
    CancelVisit,
    Discharge,
    Register,
    Settle,
    Undo,
    Update,
    UploadLines,
    WithdrawLines,
)
from switch.store.visits import line_content, visit_of
from switch.store.written import ADDED, VISIT, WITHDRAWN

CHANGES: Final = frozenset({"Register", "Update", "Discharge", "CancelVisit"})
"""Methods whose OK writes a visit, always; those of lines may find nothing new."""
OF_LINES: Final = frozenset({"UploadLines", "WithdrawLines"})


def written_visits(rows: list[RequestRow]) -> set[str]:
    """Return the visits that requests say they wrote."""
    return {str(one.get("visit_id")) for row in rows for one in (row.writes or {}).get(VISIT, ())}


def check_wrote_visit(
    row: RequestRow, visits: Mapping[str, Mapping[str, Any]]
) -> Iterator[Violation]:
    """A visit that a request wrote is there, is its own person's, and was not set back."""
    for wrote in (row.writes or {}).get(VISIT, ()):
        name = f"visit {wrote.get('visit_id')}"
        visit = visits.get(str(wrote.get("visit_id")))
        if visit is None:
            yield Violation(WRITTEN, row.key, f"wrote {name}, which is not there")
        elif wrote.get("member_id") != row.member_id or visit["member_id"] != row.member_id:
            yield Violation(WRITTEN, row.key, f"wrote {name} of another person than its own")
        elif visit["change"] < wrote["change"]:
            yield Violation(WRITTEN, row.key, f"wrote {name}, which knows less than it wrote")


def check_asked_visit(case: Case) -> Iterator[Violation]:
    """What a request wrote of a visit is what it asked for."""
    row = case.row
    wrote = (row.writes or {}).get(VISIT, [])
    if row.method in CHANGES | OF_LINES:
        least = int(row.method in CHANGES and row.code == ReplyCode.OK)
        if not least <= len(wrote) <= int(row.code == ReplyCode.OK):
            yield Violation(WRITTEN, row.key, f"wrote {len(wrote)} visits")
    if not wrote:
        return
    if case.operation is None:
        yield Violation(WRITTEN, row.key, "its stored request cannot be read")
        return
    visit = visit_of(wrote[-1])
    if visit.changed.request_id != row.request_id:
        yield Violation(WRITTEN, row.key, f"wrote visit {visit.visit_id}, which does not name it")
    for name, value in _asked(case).items():
        if wrote[-1].get(name) != value:
            yield Violation(
                WRITTEN, row.key, f"wrote {name} {wrote[-1].get(name)!r}; it asks for {value!r}"
            )
    held = [one.request_id for one in visit.settlements]
    if isinstance(case.operation, Settle) and row.request_id not in held:
        yield Violation(WRITTEN, row.key, f"settled visit {visit.visit_id}, which does not hold it")
    if isinstance(case.operation, Undo) and case.operation.original.request_id in held:
        yield Violation(WRITTEN, row.key, f"undid a settlement that visit {visit.visit_id} holds")


def check_added(
    case: Case, wrote: Mapping[str, Any], stand: Mapping[tuple[int, int], LineRow]
) -> Iterator[Violation]:
    """The lines of one change of a visit are those that its request brought, and no others.

    `stand`: (number, change) → line of the visit.
    """
    row, change = case.row, wrote["change"]
    if not isinstance(case.operation, UploadLines):
        yield Violation(
            WRITTEN, row.key, "added lines to a visit and is no upload that can be read"
        )
        return
    sent = {one.number: line_content(one) for one in case.operation.lines}
    for number in wrote["lines"]:
        line = stand.get((number, change))
        if line is None:
            yield Violation(WRITTEN, row.key, f"added line {number}, which is not there")
        elif not _is(line, sent.get(number)):
            yield Violation(WRITTEN, row.key, f"added line {number}, which is not as it came")
    extra = {n for n, at in stand if at == change} - set(wrote["lines"])
    for number in sorted(extra):
        yield Violation(WRITTEN, row.key, f"did not add line {number} of its change {change}")


def check_withdrawn(
    row: RequestRow, wrote: Mapping[str, Any], stand: Mapping[tuple[int, int], LineRow]
) -> Iterator[Violation]:
    """The lines that one change withdrew say so, and no others do."""
    change = wrote["change"]
    named = {(number, came) for number, came in wrote["lines"]}
    say = {key for key, line in stand.items() if line.withdrawn == change}
    for number, _ in sorted(named - say):
        yield Violation(WRITTEN, row.key, f"withdrew line {number}, which does not say so")
    for number, _ in sorted(say - named):
        yield Violation(WRITTEN, row.key, f"did not withdraw line {number}, which says so")


def check_visit(visit: VisitRow, requests: Mapping[str, RequestRow]) -> Iterator[Violation]:
    """A visit is to the letter what the last request that it names wrote; its lines add up."""
    row = visit.row
    name = str(row["changed"].get("request_id"))
    request = requests.get(name)
    wrote = [
        one
        for one in ((request.writes if request is not None else None) or {}).get(VISIT, ())
        if one.get("visit_id") == row["visit_id"]
    ]
    if request is None or not wrote:
        yield Violation(WRITTEN, visit.key, f"names request {name}, which did not write it")
        return
    differing = sorted(n for n in row.keys() | wrote[-1].keys() if row.get(n) != wrote[-1].get(n))
    if differing:
        named = ", ".join(differing)
        yield Violation(WRITTEN, visit.key, f"differs from what {request.key} wrote: {named}")
    yield from _check_sums(visit)


def check_visit_bucket(visit: VisitRow) -> Iterator[Violation]:
    """A visit lies in its person's bucket, which its id begins with."""
    row = visit.row
    buckets = {bucket_of_member(MemberId(row["member_id"])), bucket_of_visit(row["visit_id"])}
    if buckets != {row["bucket"]}:
        yield Violation(
            REFERENCES, visit.key, f"lies in bucket {row['bucket']}, which is not its person's"
        )


def _check_sums(found: VisitRow) -> Iterator[Violation]:
    visit = visit_of(found.row)
    runs = visit.unsettled()
    lines = sum(one.lines for one in found.sums)
    free = [one for one in found.sums if any(a < one.change <= upto for a, upto in runs)]
    unsettled = sum(one.fen for one in free)
    if lines != visit.lines:
        yield Violation(WRITTEN, found.key, f"says {visit.lines} lines; {lines} stand")
    if unsettled != visit.unsettled_fen:
        yield Violation(
            WRITTEN, found.key, f"says {visit.unsettled_fen} fen unsettled; {unsettled} are"
        )
    if visit.settled_change != found.row["settled_change"]:
        yield Violation(WRITTEN, found.key, "does not say how far it is settled")
    last = max((one.last for one in found.sums), default=0)
    if last > visit.change:
        yield Violation(WRITTEN, found.key, f"has lines of change {last}; it knows {visit.change}")


def _is(line: LineRow, sent: list[Any] | None) -> bool:
    """Say whether a line stands as it came."""
    if sent is None:
        return False
    return line.content == sent and (line.on_day, line.withdraws) == (sent[3], sent[8])


def _asked(case: Case) -> dict[str, Any]:
    """Return what a request asks of the columns of its visit."""
    operation = case.operation
    match operation:
        case Register() | Update():
            details = operation.details
            asked: dict[str, Any] = {
                "member_id": operation.member_id,
                "kind": str(details.kind),
                "begun_on": details.begun_on.isoformat(),
                "department": details.department,
                "doctor": details.doctor,
                "diagnoses": list(details.diagnoses),
                "disease_code": details.disease_code,
            }
            if isinstance(operation, Register):
                asked |= {"number": operation.number, "continues": operation.continues}
            return asked
        case Discharge():
            return {"visit_id": operation.visit_id, "ended_on": operation.ended_on.isoformat()}
        case CancelVisit():
            undone = operation.what == "discharge"
            state = "registered" if undone else "cancelled"
            return {"visit_id": operation.visit_id, "state": state}
        case UploadLines() | WithdrawLines():
            return {"visit_id": operation.visit_id}
        case Settle():
            return {"visit_id": operation.claim.visit_id}
        case _:
            return {}


def sections(row: RequestRow) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the changes of lines that a request wrote: added, withdrawn."""
    writes = row.writes or {}
    return list(writes.get(ADDED, ())), list(writes.get(WITHDRAWN, ()))
