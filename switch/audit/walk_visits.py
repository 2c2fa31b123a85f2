"""The walk along visits, and what of the walk along the register is about them."""

from switch.audit import visits
from switch.audit.context import Run
from switch.audit.findings import REFERENCES, WRITTEN, Violation
from switch.audit.rows import Case, RequestRow
from switch.audit.visit_rows import LineRow, lines_alone, lines_of, visits_named
from switch.audit.visit_rows import visits as every_visit


def walk_visits(run: Run) -> None:
    """Check that every visit is what the request it names wrote, and that its lines add up."""
    for found in every_visit(run.reader):
        names = [str(one.row["changed"].get("request_id")) for one in found]
        requests = run.reader.requests_named(names)
        for one in found:
            run.note(REFERENCES, one.key, visits.check_visit_bucket(one))
            run.note(WRITTEN, one.key, visits.check_visit(one, requests))
        run.tell("visits", len(found))
    alone = [Violation(REFERENCES, f"visit {one}", "has lines and is not there")
             for one in lines_alone(run.reader)]  # fmt: skip
    run.findings.note(alone)


def check_visits_written(run: Run, wrote: list[RequestRow]) -> None:
    """Look up the visits that some requests wrote, and compare."""
    there = visits_named(run.reader, visits.written_visits(wrote))
    for row in wrote:
        run.note(WRITTEN, row.key, visits.check_wrote_visit(row, there))


def check_lines_written(run: Run, case: Case) -> None:
    """Look up the lines that a request added to a visit or withdrew, and compare."""
    added, withdrawn = visits.sections(case.row)
    for wrote in (*added, *withdrawn):
        lines = lines_of(run.reader, str(wrote.get("visit_id")))
        stand: dict[tuple[int, int], LineRow] = {(one.number, one.change): one for one in lines}
        if wrote in added:
            run.note(WRITTEN, case.row.key, visits.check_added(case, wrote, stand))
        else:
            run.note(WRITTEN, case.row.key, visits.check_withdrawn(case.row, wrote, stand))
