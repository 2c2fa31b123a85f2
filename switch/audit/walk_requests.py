"""The walk along the register: every request with its session, journal and undo."""

from collections.abc import Iterator

from switch.audit import (
    authentic,
    cards,
    people,
    recompute,
    register,
    seals,
    splits,
    suspicions,
    vouchers,
    written,
)
from switch.audit.card_reader import (
    all_suspicions,
    card_events,
    card_events_named,
    suspicions_named,
)
from switch.audit.context import Run
from switch.audit.findings import RECORDS, REFERENCES, WRITTEN
from switch.audit.replies import read_operation, read_reply
from switch.audit.rows import Case, RequestRow
from switch.audit.scratch import Fact
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
    journals = reader.journals_named({row.ref for row in rows if row.ref is not None})
    undos = reader.undo_named(row.request_id for row in rows if row.method == TOMBSTONE)
    undoers = reader.requests_named(undo.by_request_id for undo in undos.values())
    sessions = reader.sessions({row.session_id for row in rows})
    for row in rows:
        undone = undos.get(row.request_id)
        yield Case(
            row,
            read_operation(row),
            read_reply(row),
            None if row.ref is None else journals.get(row.ref),
            undone,
            None if undone is None else undoers.get(undone.by_request_id),
            sessions.get(row.session_id),
        )


def walk_filings(run: Run) -> None:
    """Check that every filing is what the requests it names wrote."""
    for rows in run.reader.filings():
        requests = run.reader.requests_named(one for row in rows for one in row.requests)
        for row in rows:
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


def _check(run: Run, case: Case) -> None:
    key = case.row.key
    run.note(0, key, register.check_request_bucket(case.row))
    run.note(3, key, splits.check_split(case))
    run.note(4, key, register.check_request(case))
    run.note(8, key, authentic.check_authentic(case, run.keys.session_key))
    run.note(10, key, recompute.check_recomputed(case, run.books))
    run.note(14, key, people.check_signed_counter(case))
    if not run.is_late(case.row.lane, case.row.batch):
        run.note(RECORDS, key, run.in_force.check(case))
    run.note(WRITTEN, key, written.check_asked(case))
    run.note(WRITTEN, key, cards.check_asked(case))
    run.note(WRITTEN, key, suspicions.check_shown(case))
    run.note(WRITTEN, key, vouchers.check_used(case))
