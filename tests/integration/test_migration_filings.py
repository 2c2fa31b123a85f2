"""Migration 0007 on a database that has worked already: rows stand, partitions take new words."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from alembic import command
from psycopg import Connection
from psycopg.rows import TupleRow

from switch.store import migrate
from switch.store.connection import RUNTIME_ROLE

BEFORE = "0006"
THIS_MONTH = date.today().replace(day=1)
JOURNAL = """
INSERT INTO journal SELECT %s, %s, 1, '330299', %s, '', '', '0001A0000001', 1, '330299', '330299',
    '310', '', 0, 0, 0, '{}', '{}', NULL, NULL, now()
"""
REQUEST = """
INSERT INTO request SELECT %s, 'H33020000001201812010000000001', 1, 0, 1, 1, 'Settle', 'T1',
    '\\x01', 1, '\\x02', '\\x03', 1, '\\x04', '0001A0000001', 2, NULL, NULL, NULL, '\\x05', '',
    now(), now()
"""
FILING = """
INSERT INTO filing VALUES (1, '0001A0000001', 'BA1', 'residence', '330299', '330100', '',
    '2018-01-01', NULL)
"""


@pytest.fixture
def worked(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database as it was before, with partitions and rows."""
    real = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _: real(config, BEFORE))
        migrate.upgrade(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("SET search_path = medswitch")
        connection.execute(JOURNAL, (THIS_MONTH, 1, "opening"))
        connection.execute(REQUEST, (THIS_MONTH,))
        connection.execute(FILING)
    return empty_database_url


@pytest.fixture
def migrated(worked: str) -> Iterator[Connection[TupleRow]]:
    """The same database afterwards."""
    migrate.upgrade(worked)
    with psycopg.connect(worked, autocommit=True) as connection:
        connection.execute("SET search_path = medswitch")
        yield connection


def one(connection: Connection[TupleRow], query: str, *values: Any) -> tuple[Any, ...]:
    row = connection.execute(query, values).fetchone()
    assert row is not None
    return row


def test_rows_of_before_stand_and_say_nothing_new(migrated: Connection[TupleRow]) -> None:
    assert one(migrated, "SELECT writes, body FROM request") == (None, b"\x03")
    assert one(migrated, "SELECT institution, relative, granted, ended, place FROM filing") == (
        "", "", None, None, "330100",
    )  # fmt: skip
    assert one(migrated, "SELECT kind FROM journal") == ("opening",)


def test_a_partition_of_before_takes_a_relatives_journal_and_no_unknown_kind(
    migrated: Connection[TupleRow],
) -> None:
    migrated.execute("SELECT ensure_partitions('2031-01-01', '2031-01-31')")
    for day in (THIS_MONTH, date(2031, 1, 5)):
        migrated.execute(JOURNAL, (day, 2, "shared"))
        with pytest.raises(psycopg.errors.CheckViolation):
            migrated.execute(JOURNAL, (day, 3, "gift"))


def test_the_runtime_role_posts_and_writes_nothing_beside(migrated: Connection[TupleRow]) -> None:
    functions = one(
        migrated,
        "SELECT count(*), max(pronargs) FROM pg_proc WHERE proname = 'post'"
        " AND pronamespace = 'medswitch'::regnamespace",
    )
    assert functions == (1, 77)
    migrated.execute(psycopg.sql.SQL("SET ROLE {}").format(psycopg.sql.Identifier(RUNTIME_ROLE)))
    right = "SELECT has_function_privilege(oid, 'execute') FROM pg_proc WHERE proname = %s"
    assert one(migrated, right, "post") == (True,)
    assert one(migrated, right, "write_more") == (False,)
    assert one(migrated, "SELECT count(*) FROM agency") == (0,)
    for statement in ("DELETE FROM filing", "UPDATE filing SET ended = '{}'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            migrated.execute(statement)
