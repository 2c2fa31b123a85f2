"""Invariant 17 of visits: each is what its requests wrote, each line as it came."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from medswitch.v1 import reply_pb2
from switch.audit.reader import Reader, open_reader
from switch.audit.settlement import decide_settlement, find_settlement
from switch.model.decision import Decision
from switch.simulate.reading import Span, read_persons
from switch.simulate.replay import Settled
from tests.fix_db import _database, _run, _url_of
from tests.fix_ledger import Answered, Ledger, signed_room
from tests.fix_province import ManualClock, Province, open_session, original_of
from tests.fix_visits import DISCHARGE, Ward, charge, withdrawal

VISITED = "medswitch_visited"
WHO = "employee_in_service"
OTHER = "employee_retired"
LINE = "number = 1 AND withdrawn IS NULL"


async def play(province: Province) -> list[Answered]:
    """A stay of two settlements, one cancelled; lines withdrawn; a discharge undone and redone."""
    clock, answers = ManualClock(), []
    clock.advance(minutes=-1)

    def keep(method: str, reply: Any, code: int = reply_pb2.REPLY_CODE_OK) -> Any:
        assert reply.outcome.code == code, reply.outcome.message_en
        answers.append(Answered(method, reply))
        return reply

    async with signed_room(province, "ningbo_tertiary", clock) as there:
        ward, card = Ward(there), province.card(WHO)
        visit = keep("Register", await ward.register(WHO)).visit
        keep("Register", await ward.register(OTHER, kind="11", begun=0))
        three = charge(1, ward.day(-8), quantity=3)
        keep("UploadLines", await ward.upload(visit, [three, charge(2, ward.day(-8))]))
        keep("UploadLines", await ward.upload(visit, [withdrawal(3, three, ward.day(-7))]))
        keep("Settle", await ward.settle(visit, card, interim=True))
        keep("UploadLines", await ward.upload(visit, [charge(n, ward.day(-5)) for n in (4, 5)]))
        keep("WithdrawLines", await ward.withdraw(visit, 5))
        keep("UploadLines", await ward.upload(visit, [three]))
        claim = await ward.bill(visit, interim=True)
        body = there.settle_body(claim, card, await there.presettle(claim, card))
        keep("Settle", await there.settle(body))
        keep("Cancel", await there.cancel(original_of(body, visit.member_id)))
        keep("Discharge", await ward.discharge(visit, -2))
        refused = await ward.upload(visit, [charge(9, ward.day(-3))])
        keep("UploadLines", refused, reply_pb2.REPLY_CODE_VISIT_DISCHARGED)
        keep("CancelVisit", await ward.take_back(visit, DISCHARGE))
        keep("UploadLines", await ward.upload(visit, [charge(5, ward.day(-3), "7.00")]))
        keep("Discharge", await ward.discharge(visit, -1))
        keep("Settle", await ward.settle(visit, card))
    return answers


@pytest.fixture(scope="session")
def visited_template(
    server_url: str, seeded_template: tuple[str, Path]
) -> tuple[str, list[Answered], Path]:
    """A database with the demonstration province and its visits, to be copied."""
    name, folder = seeded_template
    _run(server_url, "create database {} template {}", VISITED, name)
    people = json.loads((folder / "people.json").read_text("utf-8"))
    province = Province(_url_of(server_url, VISITED), people, folder)
    with psycopg.connect(province.url, autocommit=True) as connection:
        for terminal in people["terminals"].values():
            if terminal["active"]:
                open_session(connection, terminal)
    return VISITED, asyncio.run(play(province)), folder


@pytest.fixture
def visited(
    server_url: str, visited_template: tuple[str, list[Answered], Path]
) -> Iterator[Ledger]:
    """A ledger with visits, fresh for each test."""
    name, answers, folder = visited_template
    people = json.loads((folder / "people.json").read_text("utf-8"))
    for url in _database(server_url, name):
        yield Ledger(Province(url, people, folder), answers)


def broken(name: str, invariants: set[int], says: str, *statements: str) -> Any:
    return pytest.param(invariants, says, statements, id=name)


STAY = "kind = '21'"
BREAKS = [
    broken("a state", {17}, "wrote: state", f"UPDATE visit SET state = 'discharged' WHERE {STAY}"),
    broken("a diagnosis", {17}, "wrote: diagnoses",
           f"UPDATE visit SET diagnoses = '[\"A00\"]' WHERE {STAY}"),
    broken("a settlement forgotten", {17}, "wrote: settlements",
           f"UPDATE visit SET settlements = settlements - 1 WHERE {STAY}"),
    broken("a visit set back to what it was", {17}, "which knows less than it wrote",
           "UPDATE visit v SET change = w.change, settled_change = w.settled_change,"
           " lines = w.lines, unsettled_fen = w.unsettled_fen, state = w.state,"
           " ended_on = w.ended_on, settlements = w.settlements, changed = w.changed"
           " FROM request r, jsonb_populate_record(NULL::visit, r.writes -> 'visit' -> 0) w"
           f" WHERE r.method = 'UploadLines' AND w.change = 1 AND v.{STAY}"),
    broken("a visit is gone", {17}, "which is not there", f"DELETE FROM visit WHERE {STAY}"),
    broken("lines without a visit", {0}, "has lines and is not there",
           f"DELETE FROM visit WHERE {STAY}"),
    broken("a visit by a request that never was", {17}, "did not write it",
           "UPDATE visit SET changed = changed ||"
           " '{\"request_id\": \"A33020100001201812010000009999\"}'"),
    broken("a visit of another person", {17, 0}, "of another person than its own",
           "UPDATE visit SET member_id = '0001' || substr(member_id, 5)"),
    broken("an amount of a line", {17, 10}, "which is not as it came",
           "UPDATE visit_line SET content = replace(content::text, '12000', '12001')::json"
           f" WHERE {LINE}"),
    broken("a line's day in its column", {17}, "which is not as it came",
           f"UPDATE visit_line SET on_day = on_day - 1 WHERE {LINE}"),
    broken("a line is gone", {17, 10}, "which is not there",
           f"DELETE FROM visit_line WHERE {LINE}"),
    broken("a line that nobody sent", {17}, "did not add line 77",
           "INSERT INTO visit_line SELECT bucket, visit_id, 77, change, NULL, withdraws, on_day,"
           f" content FROM visit_line WHERE {LINE}"),
    broken("a line of no change", {17}, "has lines of change 99",
           "INSERT INTO visit_line SELECT bucket, visit_id, 77, 99, NULL, withdraws, on_day,"
           f" content FROM visit_line WHERE {LINE}"),
    broken("a line withdrawn by nobody", {17}, "lines; ",
           f"UPDATE visit_line SET withdrawn = 2 WHERE {LINE}"),
    broken("a withdrawal taken back", {17}, "which does not say so",
           "UPDATE visit_line SET withdrawn = NULL WHERE withdrawn IS NOT NULL"),
    broken("a line withdrawn by another's request", {17}, "which says so",
           "UPDATE visit_line l SET withdrawn = (SELECT max(withdrawn) FROM visit_line)"
           f" WHERE {LINE}"),
    broken("which lines a request added", {5, 17}, "its seal is not that of its rows",
           "UPDATE request SET writes = jsonb_set(writes, '{visit_line_added,0,lines,0}', '4')"
           " WHERE writes ? 'visit_line_added'"),
    broken("what a settlement took", {5, 10}, "cannot be read",
           "UPDATE request SET writes = jsonb_set(writes, '{visit,0,settlements}', '[]')"
           " WHERE method = 'Settle'"),
    broken("that a request wrote at all", {5, 17}, "wrote 0 visits",
           "UPDATE request SET writes = NULL WHERE method = 'Register'"),
]  # fmt: skip


def test_visits_that_nobody_touched_are_clean(visited: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    lines = [
        {
            "request_id": one.reply.outcome.request_id,
            "method": one.method,
            "code": one.reply.outcome.code,
        }
        for one in visited.answers
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    report = visited.audit(answers=file)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
    assert report.read["requests"] == report.read["answers"] == len(visited.answers)
    assert report.read["answers missing"] == 0
    assert report.read["visits"] == 2


def test_a_settlement_by_visit_is_explained_and_simulated_with_its_lines(visited: Ledger) -> None:
    settled = [
        one.reply.settlement_id
        for one in visited.answers
        if one.method == "Settle" and one.reply.settlement_id
    ]
    with open_reader(visited.province.url) as connection:
        found = [find_settlement(Reader(connection), one) for one in settled]
        numbers = [[line.number for line in one.operation.claim.lines] for one in found]
        # The second took line 4 alone and was cancelled; the last took it again, with line 5.
        assert numbers == [[1, 2, 3], [4], [4, 5]]
        for one in found:
            again, differs = decide_settlement(connection, one)
            assert isinstance(again.decision, Decision)
            assert (again.decision.split.total_fen, differs) == (one.journal.total_fen, "")
        everybody = Span("", "~", date.min, date.max)
        persons = list(read_persons(connection, everybody, lambda *_: True, lambda _: None))
        assert [person.unread for person in persons] == [[]]
        claims = [one.claim for one in persons[0].events if isinstance(one, Settled)]
        assert [len(claim.lines) for claim in claims] == [3, 1, 2]


@pytest.mark.parametrize(("invariants", "says", "statements"), BREAKS)
def test_a_visit_that_was_tampered_with_is_named(
    visited: Ledger, invariants: set[int], says: str, statements: tuple[str, ...]
) -> None:
    for statement in statements:
        visited.break_it(statement)
    report = visited.audit()
    assert invariants <= report.broken
    said = [f"{v.key}: {v.detail}" for n in sorted(invariants) for v in report.violations(n)]
    assert any(says in one for one in said), said
