"""Part refunds under the audit: two journals of one request, each held to what it promises."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.fix_db import _database, _run, _url_of
from tests.fix_ledger import Answered, Ledger, signed_room
from tests.fix_province import Province, open_session
from tests.integration.test_replace import less, lines, replaced, settled

REFUNDED = "medswitch_refunded"
BESIDE = "kind = 'replacement'"


async def play(province: Province) -> list[Answered]:
    """Refund a part, and refund a part and reverse it, of two persons."""
    async with signed_room(province) as counter:
        claim = counter.claim(lines=lines(40, 30))
        rest = less(claim, lines(40, 10))
        for who, reverse in (("employee_in_service", False), ("cancel_patient", True)):
            card = province.card(who)
            _, original = await settled(counter, claim, card, who)
            _, named = await replaced(counter, rest, card, original, who)
            if reverse:
                assert (await counter.reverse(named)).undone.HasField("restored")
    return []


@pytest.fixture(scope="session")
def refunded_template(server_url: str, seeded_template: tuple[str, Path]) -> tuple[str, Path]:
    """A database with the demonstration province and its refunds, to be copied."""
    name, folder = seeded_template
    _run(server_url, "create database {} template {}", REFUNDED, name)
    people = json.loads((folder / "people.json").read_text("utf-8"))
    province = Province(_url_of(server_url, REFUNDED), people, folder)
    with psycopg.connect(province.url, autocommit=True) as connection:
        for terminal in people["terminals"].values():
            if terminal["active"]:
                open_session(connection, terminal)
    asyncio.run(play(province))
    return REFUNDED, folder


@pytest.fixture
def refunded(server_url: str, refunded_template: tuple[str, Path]) -> Iterator[Ledger]:
    """A ledger with refunds, fresh for each test."""
    name, folder = refunded_template
    people = json.loads((folder / "people.json").read_text("utf-8"))
    for url in _database(server_url, name):
        yield Ledger(Province(url, people, folder), [])


def broken(name: str, invariants: set[int], says: str, *statements: str) -> Any:
    return pytest.param(invariants, says, statements, id=name)


BREAKS = [
    broken("what was replaced is not undone", {4, 7}, "has no second journal",
           f"DELETE FROM journal WHERE {BESIDE}"),
    broken("what was reversed is not restored", {4, 7}, "restored nothing",
           "DELETE FROM journal WHERE kind = 'restoration'"),
    broken("an undoing of another kind", {4, 5}, "whose journal is",
           f"UPDATE journal SET kind = 'cancellation' WHERE {BESIDE}"),
    broken("a restoring that nobody asked for", {7, 5}, "nobody reversed its request",
           "UPDATE journal SET kind = 'cancellation' WHERE kind = 'reversal'"),
    broken("another rule book than the original's", {5, 10}, "was decided by rule book",
           "UPDATE request SET rule_book = repeat('ab', 32) WHERE request_id IN"
           f" (SELECT request_id FROM journal WHERE {BESIDE})"),
    broken("a smaller original", {5, 10}, "with less on it",
           "UPDATE request SET body = (SELECT body FROM request r WHERE r.request_id ="
           " (SELECT request_id FROM journal WHERE kind = 'replacement' LIMIT 1))"
           " WHERE request_id IN (SELECT original_id FROM undo WHERE kind = 'replacement')"),
    broken("an undo row by another", {7}, "whose one undo is",
           "UPDATE undo SET kind = 'cancellation' WHERE kind = 'replacement'"),
    broken("an undoing of less", {3, 5, 7}, "beside, its journal",
           f"UPDATE posting SET amount_fen = amount_fen - 1 WHERE journal_id IN"
           f" (SELECT id FROM journal WHERE {BESIDE}) AND debit LIKE 'CASH:%%'"),
]  # fmt: skip


def test_refunds_that_nobody_touched_are_clean(refunded: Ledger) -> None:
    report = refunded.audit()
    assert {r.invariant.number: r.violations for r in report.results if r.count} == {}


@pytest.mark.parametrize(("invariants", "says", "statements"), BREAKS)
def test_a_broken_refund_is_named(
    refunded: Ledger, invariants: set[int], says: str, statements: tuple[str, ...]
) -> None:
    for statement in statements:
        refunded.break_it(statement)
    report = refunded.audit()
    assert invariants <= report.broken
    said = [f"{v.key}: {v.detail}" for n in sorted(invariants) for v in report.violations(n)]
    assert any(says in one for one in said), said
