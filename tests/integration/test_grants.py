"""Append-only by grant: the runtime role reads, executes functions and keeps sessions, no more."""

import psycopg
import pytest

from switch.store.connection import RUNTIME_ROLE

LEDGER = {
    "request": "code", "journal": "kind", "posting": "amount_fen", "undo": "kind",
    "batch": "seal", "member": "atc", "member_event": "kind", "lane": "born_at",
}  # fmt: skip
"""Table and a column that somebody might like to change."""
CHANGES = (
    "INSERT INTO medswitch.{0} SELECT * FROM medswitch.{0}",
    "UPDATE medswitch.{0} SET {1} = {1}",
    "DELETE FROM medswitch.{0}",
    "TRUNCATE medswitch.{0}",
)
HELD = """
SELECT c.relname, p.privilege FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p(privilege)
WHERE n.nspname = 'medswitch' AND c.relkind IN ('r', 'p', 'v')
  AND has_table_privilege(%s, c.oid, p.privilege)
"""
FOR_ALL = """
SELECT f.oid::regprocedure::text FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE n.nspname = 'medswitch' AND has_function_privilege('public', f.oid, 'EXECUTE')
"""
UNPINNED = """
SELECT f.oid::regprocedure::text FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE n.nspname = 'medswitch' AND f.prosecdef
  AND NOT coalesce(f.proconfig, '{}') @> ARRAY['search_path=medswitch, pg_temp']
"""


def test_the_runtime_role_writes_no_ledger_table(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {RUNTIME_ROLE}")
        for table, column in LEDGER.items():
            for change in CHANGES:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(change.format(table, column))


def test_the_runtime_role_may_write_sessions_and_nothing_else(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        held = connection.execute(HELD, (RUNTIME_ROLE,)).fetchall()
        assert set(held) == {("session", "INSERT"), ("session", "UPDATE")}


def test_functions_that_write_are_for_the_runtime_role_and_trust_no_search_path(
    database_url: str,
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert connection.execute(FOR_ALL).fetchall() == []
        assert connection.execute(UNPINNED).fetchall() == []
