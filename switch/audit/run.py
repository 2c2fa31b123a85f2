"""One audit: what is read, in which order.

A working switch is not held up and does not disturb the audit, though nothing is read in one
snapshot. First the lanes' heads are noted, then member rows are read, then everything else. So a
row of a batch up to its lane's head was committed before any member row was read: it must be in
the member's version. A later row (`late`) belongs to a version that the member row may not have
seen, and is compared with it only if it has. Seals and sums are proven up to the heads.
"""

from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from switch.audit import answered, money, people, register, seals
from switch.audit.cleared import walk_clearing
from switch.audit.context import Run
from switch.audit.findings import RECORDS, WRITTEN, Findings, Progress, Report
from switch.audit.in_force import InForce
from switch.audit.keys import Keys
from switch.audit.opened import check_opened
from switch.audit.reader import CHUNK_ROWS, Reader, open_reader
from switch.audit.recompute import Books
from switch.audit.rows import BatchRow
from switch.audit.scratch import Fact, Person, Scratch
from switch.audit.walk_journals import walk_journals, walk_undo
from switch.audit.walk_records import walk_records
from switch.audit.walk_requests import (
    walk_card_events,
    walk_filings,
    walk_requests,
    walk_suspicions,
    walk_vouchers,
)
from switch.audit.walk_visits import walk_visits
from switch.security.port import KeyHome
from switch.store.rule_books import load_activations, load_book, load_catalogues

EVENT_SETTLED: Final = "5 minutes"
"""An event older than this by its own time was there before the audit began."""

_COUNTS: Final = "SELECT coalesce(sum(requests), 0), coalesce(sum(journals), 0) FROM batch"
_ABOUT: Final = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass"
_SETTLED: Final = "SELECT now() - %s::interval"


def silent(what: str, done: int, total: int) -> None:
    """Tell nobody how far the audit is."""


def audit_database(
    url: str,
    kek: KeyHome,
    *,
    answers: Path | None = None,
    progress: Progress = silent,
) -> Report:
    """Check every invariant over a whole database.

    `answers`: what callers were told, for invariant 6 (see `answered`). Only reads.
    Raises: psycopg.Error, KeyUnwrapFailed, VaultInconsistent, NotAnAnswer, OSError.
    """
    with (
        open_reader(url) as connection,
        TemporaryDirectory(prefix="medswitch-audit-") as folder,
        Scratch(Path(folder)) as scratch,
    ):
        books = Books(
            load_catalogues(connection),
            load_activations(connection),
            lambda region, digest: load_book(connection, region, digest),
        )
        reader = Reader(connection)
        keys = Keys(connection, kek)
        run = Run(reader, scratch, keys, books, InForce(), Findings(), progress, reader.heads())
        _everything(run)
        if answers is not None:
            _answers(run, answers)
        return run.findings.report(answers_given=answers is not None)


def _everything(run: Run) -> None:
    """Read every table once and check it."""
    run.note(1, "columns", money.check_columns(run.reader.all(money.MONEY_COLUMNS)))
    walk_records(run)
    _people(run)
    _events(run)
    requests, journals = run.reader.all(_COUNTS)[0]
    walk_requests(run, int(requests))
    run.note(RECORDS, "adjustments", run.in_force.check_missing())
    walk_filings(run)
    walk_visits(run)
    walk_card_events(run)
    walk_suspicions(run)
    walk_vouchers(run)
    walk_journals(run, int(journals))
    walk_undo(run)
    _batches(run)
    _histories(run)
    _late(run)
    walk_clearing(run)


def _people(run: Run) -> None:
    about = int(run.reader.all(_ABOUT, ("member",))[0][0])
    for rows in run.reader.people():
        run.scratch.add_people(
            Person(member, version, atc, int(current), int(earlier), {**(years or {}), **row})
            for _, member, version, atc, current, earlier, row, years in rows
        )
        run.tell("members", len(rows), about)


def _events(run: Run) -> None:
    settled = run.reader.all(_SETTLED, (EVENT_SETTLED,))[0][0]
    for rows in run.reader.events():
        run.scratch.add_facts(
            Fact(member, version, "event", at > settled, kind)
            for _, member, version, kind, at, _ in rows
        )
        _opened(run, {row[1]: row[5] for row in rows if row[5]})
        run.tell("events", len(rows))
    run.note(WRITTEN, "genesis", run.openings.check())


def _opened(run: Run, opened: dict[str, list[dict[str, Any]]]) -> None:
    """Hold the filings of opening events to those that stand."""
    if run.openings.genesis is None:
        return
    keys = {(member, str(one["filing_id"])) for member, rows in opened.items() for one in rows}
    filings = run.reader.filings_named(keys)
    for member, rows in opened.items():
        run.openings.met.add(member, rows)
        run.note(WRITTEN, f"member {member}", check_opened(member, rows, filings))


def _batches(run: Run) -> None:
    run.scratch.sort_batches()
    lanes = {row[0] for row in run.reader.all("SELECT lane FROM lane")}
    before: BatchRow | None = None
    for rows in run.reader.batches():
        ours = [row for row in rows if not run.is_late(row.lane, row.batch)]
        for batch in ours:
            _check_batch(run, batch, before, lanes)
            before = batch
        run.scratch.add_stood((batch.lane, batch.batch) for batch in ours)
        run.tell("batches", len(ours))
    run.findings.note(seals.check_orphans(run.scratch.orphans()))


def _check_batch(run: Run, batch: BatchRow, before: BatchRow | None, lanes: set[int]) -> None:
    first = before is None or before.lane != batch.lane
    last, previous = (0, b"") if before is None or first else (before.batch, before.seal)
    links = run.scratch.links(batch.lane, batch.batch)
    total = run.scratch.total(batch.lane, batch.batch)
    verify = run.keys.vault.verify_seal
    run.note(0, batch.key, register.check_lane(batch, lanes))
    run.note(1, batch.key, money.check_balances(batch.key, batch.sums))
    run.note(2, batch.key, money.check_sums(batch, total))
    run.note(5, batch.key, seals.check_seal(batch, links, previous, verify))
    run.note(15, batch.key, seals.check_dense(batch, last))


def _histories(run: Run) -> None:
    about = run.findings.read.get("members", 0)
    for number, (person, facts) in enumerate(run.scratch.histories(), start=1):
        member = facts[0].member if person is None else person.member
        run.note(15, f"member {member}", people.check_history(person, facts))
        if number % CHUNK_ROWS == 0:
            run.progress("histories", number, about)


def _late(run: Run) -> None:
    """Check that rows beyond a lane's head came meanwhile, in batches that stand by now.

    The next audit proves their seals. Otherwise a batch row was cut off behind its rows' backs.
    """
    heads = run.reader.heads()
    cut = (late for late in run.scratch.late() if late[1] > heads.get(late[0], 0))
    run.findings.note(seals.check_orphans(cut))


def _answers(run: Run, file: Path) -> None:
    """Compare what callers were told with the register."""
    with file.open(encoding="utf-8") as lines:
        said = answered.read_answers(lines)
        while chunk := list(islice(said, CHUNK_ROWS)):
            ids = {answer.request_id for answer in chunk}
            rows, undos = run.reader.requests_named(ids), run.reader.undo_named(ids)
            for answer in chunk:
                row, undone = rows.get(answer.request_id), undos.get(answer.request_id)
                missing = row is None and answer.code not in answered.BY_ID_ALONE
                run.findings.add_read("answers missing", int(missing))
                run.note(6, answer.key, answered.check_answer(answer, row, undone))
            run.tell("answers", len(chunk))
