"""Migrations 0014 to 0017 on a database that has worked already: rows stand, one writer stays."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic import command
from psycopg import Connection
from psycopg.rows import TupleRow

from switch.store import migrate
from switch.store.connection import RUNTIME_ROLE

BEFORE = "0007"
MEMBER = """
INSERT INTO member VALUES (1, '0001A0000001', 2, '330203195001011238', 'x', '1', '1950-01-01',
    '\\x01', 'temporarily_lost', NULL, NULL, 5, 0, 0, '{}', '[["poor", "2018-01-01", null]]')
"""
TERMINAL = "INSERT INTO terminal VALUES ('T1', 'H33020000001', 'institution', true)"
FILING = """
SELECT write_more('{"filing": [{"bucket": 1, "member_id": "0001A0000001", "filing_id": "BA1",
    "kind": "residence", "region": "330299", "place": "330100", "disease_code": "",
    "since": "2018-01-01", "until": null, "institution": "", "relative": "", "granted": null,
    "ended": null}]}')
"""
LOST = """
SELECT write_more('{"card_event": [
    {"bucket": 1, "member_id": "0001A0000001", "version": 3, "change": "released",
     "channel": "counter", "status": "normal", "lock": null, "locked_since": null,
     "locked_until": null, "identifier": "01", "card": null, "replaced": null, "standings": [],
     "act": {}},
    {"bucket": 1, "member_id": "0001A0000001", "version": 4, "change": "locked",
     "channel": "counter", "status": "locked_person", "lock": "locked_person",
     "locked_since": "2018-12-01", "locked_until": null, "identifier": "01", "card": null,
     "replaced": null, "standings": [], "act": {}}]}')
"""
WRITERS = """
SELECT proname, has_function_privilege(%s, oid, 'execute') FROM pg_proc
WHERE pronamespace = 'medswitch'::regnamespace AND proname LIKE %s ORDER BY proname
"""


@pytest.fixture
def migrated(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection[TupleRow]]:
    """A database as it was before, with a person and a terminal; then migrated."""
    real = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _: real(config, BEFORE))
        migrate.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("SET search_path = medswitch")
        connection.execute(MEMBER)
        connection.execute(TERMINAL)
        migrate.upgrade(empty_database_url)
        yield connection


def one(connection: Connection[TupleRow], query: str, *values: Any) -> tuple[Any, ...]:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row


def test_people_and_terminals_of_before_stand(migrated: Connection[TupleRow]) -> None:
    assert one(migrated, "SELECT version, card_status, atc FROM member") == (
        2, "temporarily_lost", 5,
    )  # fmt: skip
    assert one(migrated, "SELECT active, unlocked_at FROM terminal") == (True, None)


def test_the_writer_has_every_section_that_there_ever_was(migrated: Connection[TupleRow]) -> None:
    migrated.execute(FILING)
    migrated.execute(LOST)
    assert one(migrated, "SELECT count(*) FROM filing") == (1,)
    # Of two events in one batch the later one is what the member row says.
    row = one(migrated, "SELECT card_status, locked_since::text, standings FROM member")
    assert row == ("locked_person", "2018-12-01", [])


def test_there_is_one_way_to_change_a_card_and_the_runtime_role_has_no_other(
    migrated: Connection[TupleRow],
) -> None:
    assert migrated.execute(WRITERS, (RUNTIME_ROLE, "card\\_%")).fetchall() == []
    writers = migrated.execute(WRITERS, (RUNTIME_ROLE, "write\\_%")).fetchall()
    assert writers
    assert not any(may for _, may in writers)
    right = one(migrated, "SELECT has_function_privilege(%s, oid, 'execute') FROM pg_proc"
                " WHERE proname = 'note_terminal'", RUNTIME_ROLE)  # fmt: skip
    assert right == (True,)


def test_what_no_request_can_say_is_refused_by_the_table(migrated: Connection[TupleRow]) -> None:
    for wrong in (
        LOST.replace('"released"', '"forgotten"'),
        LOST.replace('"lock": "locked_person"', '"lock": "locked_cat"'),
        LOST.replace('"change": "released"', '"change": "replaced"'),
    ):
        with pytest.raises(psycopg.errors.CheckViolation):
            migrated.execute(wrong)
    assert one(migrated, "SELECT count(*) FROM card_event") == (0,)
