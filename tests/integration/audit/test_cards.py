"""Invariant 17 of cards: every change is what a request wrote, and a card stands as it left it."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clients.card_office import PERSON
from tests.fix_cards import Office, name_of
from tests.fix_db import _database, _run, _url_of
from tests.fix_filings import day
from tests.fix_ledger import Answered, Ledger, signed_room
from tests.fix_province import ManualClock, Province, open_session

CARDED = "medswitch_carded"
WHO = "card_loser"


async def play(province: Province) -> list[Answered]:
    """Use a card, lose it, replace it and use the new one; lock another; be refused."""
    clock, answers = ManualClock(), []
    clock.advance(minutes=-1)
    async with (
        signed_room(province, "ningbo_agency", clock) as agency,
        signed_room(province, clock=clock) as shop,
    ):
        office = Office(agency)
        answers.append(Answered("Settle", await shop.buy(shop.claim(), province.card(WHO))))
        for method, channel in (("ReportLost", 1), ("ReportLost", 1), ("ConfirmLost", 4)):
            answers.append(Answered(method, await office.change(method, WHO, channel)))
        answers.append(Answered("Replace", await office.replace(WHO)))
        people = province.people["people"]
        people[WHO]["card"] = people[WHO]["replacement"]
        answers.append(Answered("Settle", await shop.buy(shop.claim(), province.card(WHO))))
        locked = await office.change(
            "LockCard", "employee_in_service", lock=PERSON, since=day(clock), until=day(clock, 9)
        )
        answers.append(Answered("LockCard", locked))
    codes = [name_of(one.reply) for one in answers]
    assert codes == ["OK", "OK", "CARD_LOST_ALREADY", *["OK"] * 4]
    return answers


@pytest.fixture(scope="session")
def carded_template(
    server_url: str, seeded_template: tuple[str, Path]
) -> tuple[str, list[Answered], Path]:
    """A database with the demonstration province and what happened to its cards, to be copied."""
    name, folder = seeded_template
    _run(server_url, "create database {} template {}", CARDED, name)
    people = json.loads((folder / "people.json").read_text("utf-8"))
    province = Province(_url_of(server_url, CARDED), people, folder)
    with psycopg.connect(province.url, autocommit=True) as connection:
        for terminal in people["terminals"].values():
            if terminal["active"]:
                open_session(connection, terminal)
    return CARDED, asyncio.run(play(province)), folder


@pytest.fixture
def carded(server_url: str, carded_template: tuple[str, list[Answered], Path]) -> Iterator[Ledger]:
    """A ledger with a card office's work, fresh for each test."""
    name, answers, folder = carded_template
    people = json.loads((folder / "people.json").read_text("utf-8"))
    for url in _database(server_url, name):
        yield Ledger(Province(url, people, folder), answers)


def broken(name: str, invariants: set[int], says: str, *statements: str) -> Any:
    return pytest.param(invariants, says, statements, id=name)


LOSER = "(SELECT member_id FROM card_event WHERE change = 'replaced')"
LOCKED = "(SELECT member_id FROM card_event WHERE change = 'locked')"
BREAKS = [
    broken("a locked card set free", {17}, "left status 'locked_person'",
           f"UPDATE member SET card_status = 'normal' WHERE member_id = {LOCKED}"),
    broken("a lock that ends today", {17}, "left locked_until",
           f"UPDATE member SET locked_until = locked_since WHERE member_id = {LOCKED}"),
    broken("a dead card alive", {17}, "left identifier",
           "UPDATE member m SET card_identifier = decode(e.replaced, 'hex') FROM card_event e"
           " WHERE e.member_id = m.member_id AND e.change = 'replaced'"),
    broken("what a loss costs taken away", {17}, "what the loss costs",
           "UPDATE member SET standings = '[[\"card_lost\", \"2019-01-01\", null]]'"
           f" WHERE member_id = {LOSER}"),
    broken("a registered card changed", {17}, "stands otherwise",
           "UPDATE card c SET key_version = 7 FROM card_event e"
           " WHERE c.identifier = decode(e.identifier, 'hex') AND e.change = 'replaced'"),
    broken("a change of another channel", {17}, "differs from what request",
           "UPDATE card_event SET channel = 'web' WHERE change = 'reported_lost'"),
    broken("a change gone", {17}, "which is not there",
           "DELETE FROM card_event WHERE change = 'locked'"),
    broken("a change that nobody asked for", {17}, "which did not write it",
           "INSERT INTO card_event SELECT bucket, member_id, version + 9, 'unlocked', channel,"
           " 'normal', NULL, NULL, NULL, identifier, card, replaced, standings, act"
           " FROM card_event WHERE change = 'locked'"),
    broken("who asked", {17}, "differs from what request",
           "UPDATE card_event SET act = act || '{\"operator\": \"nobody\"}'"),
    broken("a change and what wrote it", {5, 17}, "it asks for",
           "UPDATE card_event SET channel = 'web' WHERE change = 'reported_lost'",
           "UPDATE request SET writes = jsonb_set(writes, '{card_event,0,channel}', '\"web\"')"
           " WHERE method = 'ReportLost' AND writes IS NOT NULL"),
    broken("that a request wrote at all", {5, 17}, "wrote 0 changes of cards, not 1",
           "UPDATE request SET writes = NULL"),
    broken("a change in another bucket", {0, 17}, "which is not its person's",
           "UPDATE card_event SET bucket = (bucket + 1) %% 1024 WHERE change = 'locked'"),
    broken("a method turned", {8, 17}, "its MAC is not that of its bytes",
           "UPDATE request SET method = 'Release' WHERE method = 'ReportLost'"),
    broken("a replacement that left no trace", {14}, "stored counter",
           "DELETE FROM card_event WHERE change = 'replaced'"),
    broken("a version that a change made", {15, 5}, "no row made version",
           "UPDATE request SET member_version = NULL WHERE method = 'LockCard'"),
]  # fmt: skip


def test_cards_that_nobody_touched_are_clean(carded: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    lines = [json.dumps(one.line()) + "\n" for one in carded.answers]
    file.write_text("".join(lines), "utf-8")
    report = carded.audit(answers=file)
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}
    assert report.read["requests"] == report.read["answers"] == len(lines)
    assert report.read["card events"] == 4
    assert report.read["answers missing"] == 0


@pytest.mark.parametrize(("invariants", "says", "statements"), BREAKS)
def test_a_card_that_was_tampered_with_is_named(
    carded: Ledger, invariants: set[int], says: str, statements: tuple[str, ...]
) -> None:
    for statement in statements:
        carded.break_it(statement)
    report = carded.audit()
    assert invariants <= report.broken
    said = [f"{v.key}: {v.detail}" for n in sorted(invariants) for v in report.violations(n)]
    assert any(says in one for one in said), said
