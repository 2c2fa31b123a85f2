"""The walk along the journals: every journal with its postings, window, request and original."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from switch.audit import money, register, seals, splits, windows
from switch.audit.context import Run
from switch.audit.replaced import load_linked, refs_about
from switch.audit.rows import JournalRow, RequestRow
from switch.audit.scratch import Fact

_INSTITUTIONS: Final = "SELECT code FROM institution"


@dataclass(slots=True)
class _Known:
    """Reference rows that journals name, read again when a journal names a newer one."""

    places: set[str] = field(default_factory=set)
    days: windows.Windows = field(default_factory=dict)

    def refresh(self, run: Run, journals: Sequence[JournalRow]) -> None:
        if not all(journal.institution in self.places for journal in journals):
            self.places = {row[0] for row in run.reader.all(_INSTITUTIONS)}
        if not all((journal.window_book, journal.day) in self.days for journal in journals):
            self.days = {(row.book, row.day): row for row in run.reader.windows()}


def walk_journals(run: Run, about: int) -> None:
    """Check every journal, and keep its digest, its sums and what it says of the person."""
    known, dues = _Known(), windows.Dues()
    run.note(9, "windows", windows.check_windows(run.reader.windows()))
    for journals, orphans in run.reader.journals():
        for posting in orphans:
            run.findings.note(register.check_posting_alone(posting))
        known.refresh(run, journals)
        requests = run.reader.requests_named(journal.request_id for journal in journals)
        for journal in journals:
            _check(run, journal, requests, known, dues)
        _check_undos(run, journals)
        _keep(run, journals)
        run.findings.add_read("postings", sum(len(journal.postings) for journal in journals))
        run.tell("journals", len(journals), about)
    run.note(12, "windows", dues.check())


def walk_undo(run: Run) -> None:
    """Check every undo row against the two requests and the journal it stands for."""
    for undos in run.reader.undo():
        ids = {one for undo in undos for one in (undo.original_id, undo.by_request_id)}
        requests = run.reader.requests_named(ids)
        refs = refs_about(requests.values())
        known = register.Undoing({}, requests, run.reader.journals_named(refs))
        for undo in undos:
            run.note(7, undo.key, register.check_undo_row(undo, known))
        run.tell("undo", len(undos))


def _check(
    run: Run,
    journal: JournalRow,
    requests: dict[str, RequestRow],
    known: _Known,
    dues: windows.Dues,
) -> None:
    key = journal.key
    run.note(0, key, register.check_references(journal, known.places))
    run.note(1, key, money.check_amounts(journal))
    run.note(2, key, money.check_postings(journal))
    run.note(3, key, splits.check_account_deltas(journal))
    run.note(4, key, register.check_journal(journal, requests))
    run.note(9, key, windows.check_window(journal, known.days))
    run.note(12, key, dues.add(journal))


def _check_undos(run: Run, journals: Sequence[JournalRow]) -> None:
    undoing = [journal for journal in journals if journal.undoes is not None]
    linked = load_linked(undoing, run.reader.journals_named)
    undos = run.reader.undo_named(journal.request_id for journal in linked.values())
    known = register.Undoing(undos, {}, linked)
    for journal in undoing:
        run.note(7, journal.key, register.check_undo_journal(journal, known))


def _keep(run: Run, journals: Sequence[JournalRow]) -> None:
    """Keep what batches and people are to be compared with."""
    links, facts, late = [], [], []
    totals: dict[tuple[int, int], dict[str, int]] = {}
    for journal in journals:
        lane, batch, _ = journal.place
        is_late = run.is_late(lane, batch)
        current, earlier = splits.account_changes(journal)
        facts.append(
            Fact(
                journal.member_id, journal.member_version, "journal", is_late, journal.key,
                None, int(current), int(earlier), journal.deltas,
            )
        )  # fmt: skip
        if journal.is_share or journal.is_beside:  # no register row names the version
            facts.append(
                Fact(journal.member_id, journal.member_version, "request", is_late, journal.key)
            )
        if is_late:
            late.append((lane, batch))
            continue
        with suppress(ValueError):  # one that can be no journal leaves its seal broken
            links.append(seals.journal_link(journal))
        sums = totals.setdefault((lane, batch), {})
        for (book, account), change in journal.balance_changes().items():
            name = f"{book} {account}"
            sums[name] = sums.get(name, 0) + int(change)
    run.scratch.add_links(links)
    run.scratch.add_facts(facts)
    run.scratch.add_totals(totals)
    run.scratch.add_late(late)
