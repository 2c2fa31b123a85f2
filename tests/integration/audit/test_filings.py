"""Invariant 17: every filing is what a request wrote, and every change of one is named."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from medswitch.v1 import reply_pb2
from tests.fix_db import _database, _run, _url_of
from tests.fix_filings import REFERRAL, Filer
from tests.fix_ledger import Answered, Ledger, signed_room
from tests.fix_province import ManualClock, Province, open_session

FILED = "medswitch_filed"
WHO = "employee_without_filing"
STANDING = "granted IS NOT NULL AND ended IS NULL"
ENDED = "ended IS NOT NULL"


async def play(province: Province) -> list[Answered]:
    """Take two filings, withdraw one, and be refused a third."""
    clock, answers = ManualClock(), []
    clock.advance(minutes=-1)
    async with (
        signed_room(province, "ningbo_agency", clock) as counter,
        signed_room(province, "ningbo_tertiary", clock) as hospital,
    ):
        agency, doctor = Filer(counter), Filer(hospital)
        first = await agency.file(WHO)
        answers += [Answered("File", first), Answered("File", await agency.file(WHO))]
        answers.append(Answered("File", await doctor.file(WHO, kind=REFERRAL, place="330300")))
        filing_id = first.record.filing.filing_id
        answers.append(Answered("Withdraw", await agency.withdraw(WHO, filing_id)))
        codes = [one.reply.outcome.code for one in answers]
    overlaps = reply_pb2.REPLY_CODE_FILING_OVERLAPS
    assert codes == [reply_pb2.REPLY_CODE_OK, overlaps, *[reply_pb2.REPLY_CODE_OK] * 2]
    return answers


@pytest.fixture(scope="session")
def filed_template(
    server_url: str, seeded_template: tuple[str, Path]
) -> tuple[str, list[Answered], Path]:
    """A database with the demonstration province and its filings, to be copied."""
    name, folder = seeded_template
    _run(server_url, "create database {} template {}", FILED, name)
    people = json.loads((folder / "people.json").read_text("utf-8"))
    province = Province(_url_of(server_url, FILED), people, folder)
    with psycopg.connect(province.url, autocommit=True) as connection:
        for terminal in people["terminals"].values():
            if terminal["active"]:
                open_session(connection, terminal)
    return FILED, asyncio.run(play(province)), folder


@pytest.fixture
def filed(server_url: str, filed_template: tuple[str, list[Answered], Path]) -> Iterator[Ledger]:
    """A ledger with filings, fresh for each test."""
    name, answers, folder = filed_template
    people = json.loads((folder / "people.json").read_text("utf-8"))
    for url in _database(server_url, name):
        yield Ledger(Province(url, people, folder), answers)


def broken(name: str, invariants: set[int], says: str, *statements: str) -> Any:
    return pytest.param(invariants, says, statements, id=name)


BREAKS = [
    broken("a place", {17}, "differs from what request",
           f"UPDATE filing SET place = '330400' WHERE {STANDING}"),
    broken("a last day", {17}, "wrote: until",
           f"UPDATE filing SET until = NULL WHERE {STANDING}"),
    broken("who took it", {17}, "wrote: granted",
           "UPDATE filing SET granted = granted || '{\"operator\": \"nobody\"}'"
           f" WHERE {STANDING}"),
    broken("a withdrawal taken back", {17}, "which does not name it",
           f"UPDATE filing SET ended = NULL, until = NULL WHERE {ENDED}"),
    broken("a filing set back to what it was", {17}, "which does not name it",
           "UPDATE filing f SET ended = NULL, until = (r.writes -> 'filing' -> 0 ->> 'until')::date"
           f" FROM request r WHERE r.request_id = f.granted ->> 'request_id' AND {ENDED}"),
    broken("a filing is gone", {17}, "which is not there", f"DELETE FROM filing WHERE {STANDING}"),
    broken("a filing that names nobody", {17}, "which does not name it",
           f"UPDATE filing SET granted = NULL WHERE {STANDING}"),
    broken("a filing by a request that never was", {17}, "which is not there",
           "UPDATE filing SET granted = granted ||"
           " '{\"request_id\": \"A33020100001201812010000009999\"}'"
           f" WHERE {STANDING}"),
    broken("a filing by another's request", {17}, "which did not write it",
           "INSERT INTO filing SELECT bucket, member_id, 'BA1', kind, region, '330900',"
           " disease_code, since, until, institution, relative, granted FROM filing"
           f" WHERE {STANDING}"),
    broken("another person's filing", {17, 0}, "which is not there",
           "UPDATE filing SET member_id = '0001' || substr(member_id, 5)"
           f" WHERE {STANDING}"),
    broken("a filing in another bucket", {0, 17}, "which is not its person's",
           f"UPDATE filing SET bucket = (bucket + 1) %% 1024 WHERE {STANDING}"),
    broken("what a request wrote", {5, 17}, "its seal is not that of its rows",
           "UPDATE request SET writes = replace(writes::text, '330300', '330400')::jsonb"
           " WHERE writes IS NOT NULL"),
    broken("that a request wrote at all", {5, 17}, "wrote 0 filings, not 1",
           "UPDATE request SET writes = NULL"),
    broken("a decline that wrote", {5, 17}, "made no version of its person",
           "UPDATE request SET writes = (SELECT writes FROM request WHERE writes IS NOT NULL"
           " LIMIT 1) WHERE code = 330"),
    broken("a section of no table", {5, 17}, "which is no table of ours",
           "UPDATE request SET writes = writes || '{\"member\": [{}]}' WHERE method = 'Withdraw'"),
    broken("a row changed with what wrote it", {5, 17}, "it asks for",
           f"UPDATE filing SET place = '330400' WHERE {STANDING}",
           "UPDATE request SET writes = replace(writes::text, '330300', '330400')::jsonb"
           " WHERE writes IS NOT NULL"),
    broken("a reply of another filing", {5, 17}, "it asks for",
           "UPDATE request r SET reply = o.reply FROM request o WHERE o.request_id <> r.request_id"
           " AND o.method = 'File' AND o.code = 1 AND r.method = 'File' AND r.code = 1"),
    broken("a method turned", {8, 17}, "its MAC is not that of its bytes",
           "UPDATE request SET method = 'Withdraw' WHERE method = 'File'"),
    broken("a filing that posts", {4, 5}, "which posts nothing",
           "UPDATE request SET journal_day = (SELECT min(day) FROM journal), journal_id ="
           " (SELECT min(id) FROM journal) WHERE method = 'Withdraw'"),
    broken("a version that a filing made", {15, 5}, "no row made version",
           "UPDATE request SET member_version = NULL WHERE method = 'Withdraw'"),
    broken("a filing of the opening", {17}, "differs from what the opening wrote: place",
           "UPDATE filing SET place = '330400' WHERE granted IS NULL AND place <> ''"),
    broken("a filing of the opening is gone", {17}, "was there at the opening",
           "DELETE FROM filing WHERE granted IS NULL"),
    broken("a filing of nowhere", {17}, "was taken by no request and no opening",
           "INSERT INTO filing SELECT bucket, member_id, 'BA1', kind, region, '330900',"
           " disease_code, since, until FROM filing WHERE granted IS NULL LIMIT 1"),
    broken("an opening told otherwise", {17}, "the events come to",
           "UPDATE filing SET place = '330400' WHERE granted IS NULL AND place = '330100'",
           "UPDATE member_event SET detail = replace(detail::text, '330100', '330400')::jsonb"
           " WHERE kind = 'opening'"),
]  # fmt: skip


def test_filings_that_nobody_touched_are_clean(filed: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    lines = [
        {
            "request_id": one.reply.outcome.request_id,
            "method": one.method,
            "code": one.reply.outcome.code,
        }
        for one in filed.answers
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    report = filed.audit(answers=file)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
    assert report.read["requests"] == report.read["answers"] == 4
    assert report.read["answers missing"] == 0


@pytest.mark.parametrize(("invariants", "says", "statements"), BREAKS)
def test_a_filing_that_was_tampered_with_is_named(
    filed: Ledger, invariants: set[int], says: str, statements: tuple[str, ...]
) -> None:
    for statement in statements:
        filed.break_it(statement)
    report = filed.audit()
    assert invariants <= report.broken
    said = [f"{v.key}: {v.detail}" for n in sorted(invariants) for v in report.violations(n)]
    assert any(says in one for one in said), said


async def test_a_filing_of_the_opening_is_withdrawn_and_still_known(province: Province) -> None:
    who = "resident_elsewhere"
    async with signed_room(province, "ningbo_agency") as counter:
        agency = Filer(counter)
        [one] = (await agency.list(who)).records
        assert not one.HasField("granted")
        ended = await agency.withdraw(who, one.filing.filing_id)
        assert ended.outcome.code == reply_pb2.REPLY_CODE_OK, ended.outcome.message_en
    report = Ledger(province, []).audit()
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
