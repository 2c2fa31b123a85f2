"""The walk along the register: every request with its session, journal and undo."""

from collections.abc import Iterator, Mapping
from typing import Any

from switch.audit import (
    authentic,
    cards,
    opened,
    people,
    recompute,
    register,
    replaced,
    seals,
    splits,
    suspicions,
    vouchers,
    written,
)
from switch.audit.billed import as_decided
from switch.audit.card_reader import (
    all_suspicions,
    card_events,
    card_events_named,
    suspicions_named,
)
from switch.audit.context import Run
from switch.audit.findings import RECORDS, REFERENCES, WRITTEN
from switch.audit.replaced import beside_of, may_post_two
from switch.audit.replies import ADJUST, read_claim, read_operation, read_reply
from switch.audit.rows import Case, JournalRow, Ref, RequestRow
from switch.audit.scratch import Fact
from switch.audit.visits import check_asked_visit
from switch.audit.walk_visits import check_lines_written, check_visits_written
from switch.model.stages import Recorded, Settle
from switch.pipeline.undo import TOMBSTONE


def walk_requests(run: Run, about: int) -> None:
    """Check every register row, and keep its digest and what it says of the person."""
    for rows in run.reader.requests():
        for case in _cases(run, rows):
            _check(run, case)
        _check_written(run, rows)
        run.scratch.add_facts(
            Fact(
                row.member_id, row.member_version, "request", run.is_late(row.lane, row.batch),
                row.key, row.atc,
            )
            for row in rows
            if row.member_version is not None
        )  # fmt: skip
        ours = [row for row in rows if not run.is_late(row.lane, row.batch)]
        run.scratch.add_links(map(seals.request_link, ours))
        run.scratch.add_late(
            (row.lane, row.batch) for row in rows if run.is_late(row.lane, row.batch)
        )
        run.tell("requests", len(rows), about)


def _cases(run: Run, rows: list[RequestRow]) -> Iterator[Case]:
    """Yield each row with all that belongs to it."""
    reader = run.reader
    asked = [_operation(run, row) for row in rows]
    both = zip(rows, asked, strict=True)
    refs = {row.ref for row in rows if row.ref is not None}
    refs |= {beside_of(row.ref) for row, one in both if row.ref and may_post_two(row, one)}
    journals = reader.journals_named(refs)
    named = [_original(run, row, one) for row, one in zip(rows, asked, strict=True)]
    originals = reader.requests_named(one for one in named if one)
    undos = reader.undo_named(row.request_id for row in rows if row.method == TOMBSTONE)
    undoers = reader.requests_named(undo.by_request_id for undo in undos.values())
    sessions = reader.sessions({row.session_id for row in rows})
    for row, operation, stated in zip(rows, asked, named, strict=True):
        undone = undos.get(row.request_id)
        original = originals.get(stated)
        yield Case(
            row,
            operation,
            read_reply(row),
            None if row.ref is None else journals.get(row.ref),
            undone,
            None if undone is None else undoers.get(undone.by_request_id),
            sessions.get(row.session_id),
            _beside(row, operation, journals),
            original,
            None if original is None else read_claim(original),
        )


def _operation(run: Run, row: RequestRow) -> Recorded | None:
    """Return what was asked, a claim by visit with its lines; None when it cannot be read."""
    try:
        return as_decided(run.reader, read_operation(row), row.writes)
    except (ValueError, LookupError, TypeError):
        return None


def _original(run: Run, row: RequestRow, operation: Recorded | None) -> str:
    """Return the request that a row replaces or adjusts, "" for none."""
    if row.method == ADJUST and row.request_id in run.in_force.adjusted:
        return run.in_force.adjusted[row.request_id].original
    replaces = operation.replaces if isinstance(operation, Settle) else None
    return "" if replaces is None else replaces.request_id


def _beside(
    row: RequestRow, operation: Recorded | None, journals: Mapping[Ref, JournalRow]
) -> JournalRow | None:
    if row.ref is None or not may_post_two(row, operation):
        return None
    found = journals.get(beside_of(row.ref))
    return found if found is not None and found.request_id == row.request_id else None


def walk_filings(run: Run) -> None:
    """Check that every filing is what the requests it names wrote."""
    for rows in run.reader.filings():
        requests = run.reader.requests_named(one for row in rows for one in row.requests)
        openings: dict[str, list[dict[str, Any]]] = {}
        alone = {row.member_id for row in rows if row.granted is None}
        if alone and run.openings.genesis is not None:
            openings = run.reader.opened_named(alone)
        for row in rows:
            if run.openings.genesis is not None:
                run.note(WRITTEN, row.key, opened.check_granted(row, openings))
            run.note(REFERENCES, row.key, written.check_filing_bucket(row))
            run.note(WRITTEN, row.key, written.check_filing(row, requests))
        run.tell("filings", len(rows))


def walk_card_events(run: Run) -> None:
    """Check that every change of a card is what the request it names wrote, and what it led to."""
    for rows in card_events(run.reader):
        requests = run.reader.requests_named(row.request for row in rows)
        for row in rows:
            run.note(REFERENCES, row.key, cards.check_bucket(row))
            run.note(WRITTEN, row.key, cards.check_event(row, requests))
            run.note(WRITTEN, row.key, cards.check_led_to(row))
        run.scratch.add_facts(
            Fact(row.member_id, row.version, "card", late=True, name=people.RESTARTS)
            for row in rows
            if row.replaced is not None
        )
        run.tell("card events", len(rows))


def walk_suspicions(run: Run) -> None:
    """Check that every suspicion is what the request it names wrote."""
    for rows in all_suspicions(run.reader):
        requests = run.reader.requests_named(row.request for row in rows)
        for row in rows:
            run.note(WRITTEN, row.key, suspicions.check_suspicion(row, requests))
        run.tell("suspicions", len(rows))


def walk_vouchers(run: Run) -> None:
    """Check that every token that has settled is what its settlement wrote."""
    for rows in vouchers.all_uses(run.reader):
        requests = run.reader.requests_named(row.request_id for row in rows)
        for row in rows:
            run.note(WRITTEN, row.key, vouchers.check_use(row, requests))
        run.tell("vouchers", len(rows))


def _check_written(run: Run, rows: list[RequestRow]) -> None:
    """Look up what the requests wrote beside the ledger, and compare."""
    wrote = [row for row in rows if row.writes is not None]
    filings = run.reader.filings_named(written.written_filings(wrote))
    events = card_events_named(run.reader, cards.written_events(wrote))
    found = suspicions_named(run.reader, suspicions.written_suspicions(wrote))
    uses = vouchers.uses_written(run.reader, wrote)
    for row in wrote:
        run.note(WRITTEN, row.key, written.check_written(row, filings))
        run.note(WRITTEN, row.key, cards.check_stands(row, events))
        run.note(WRITTEN, row.key, suspicions.check_stands(row, found))
        run.note(WRITTEN, row.key, vouchers.check_stands(row, uses))
    check_visits_written(run, wrote)


def _check(run: Run, case: Case) -> None:
    key = case.row.key
    run.note(0, key, register.check_request_bucket(case.row))
    run.note(3, key, splits.check_split(case))
    run.note(3, key, replaced.check_said(case))
    run.note(4, key, register.check_request(case))
    run.note(4, key, replaced.check_beside(case))
    run.note(8, key, authentic.check_authentic(case, run.keys.session_key))
    run.note(10, key, recompute.check_recomputed(case, run.books))
    run.note(10, key, replaced.check_as_then(case))
    run.note(14, key, people.check_signed_counter(case))
    if not run.is_late(case.row.lane, case.row.batch):
        run.note(RECORDS, key, run.in_force.check(case))
    run.note(WRITTEN, key, written.check_asked(case))
    run.note(WRITTEN, key, check_asked_visit(case))
    check_lines_written(run, case)
    run.note(WRITTEN, key, cards.check_asked(case))
    run.note(WRITTEN, key, suspicions.check_shown(case))
    run.note(WRITTEN, key, vouchers.check_used(case))
