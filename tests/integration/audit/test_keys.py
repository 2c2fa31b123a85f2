"""Invariant 16 for keys: each breach that a superuser makes is named by the row it is in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from switch.audit import audit_database
from switch.model.ids import BEIJING
from switch.office.change import Kind, Verb
from switch.office.key_change import KeyFace, KeyLoad, Origin
from switch.office.officer import Role
from switch.security.custody import KeySlot, wrap
from switch.security.errors import KeyUnwrapFailed
from switch.security.vault import SoftwareVault
from switch.seed import Size, seed
from switch.store.effects import effects
from switch.store.key_office import nonce, propose_load, propose_move
from switch.store.keys import load_keys
from switch.store.office import Registrar
from tests.fix_db import _database
from tests.fix_office import key_of, signer_of
from tests.fix_province import KEK

LI, WANG = signer_of("li"), signer_of("wang")
LOADED = "city/330200/AUTH/SM4/2"
RETIRED = "province/330000/TAC/TDES/1"


@dataclass(frozen=True)
class Break:
    """What a superuser does, and the row and words by which the audit must name it."""

    statements: Sequence[str]
    key: str
    says: str


def _break(name: str, key: str, says: str, *statements: str) -> Any:
    return pytest.param(Break(statements, key, says), id=name)


def approve(registrar: Registrar, number: int, at: datetime) -> None:
    registrar.decide(WANG, Verb.APPROVE, number, "", at)


def work(url: str, at: datetime) -> None:
    """Load a key, retire one, suspend a terminal's; leave one proposal waiting."""
    with psycopg.connect(url, autocommit=True) as connection:
        vault = SoftwareVault(KEK, load_keys(connection))
        registrar = Registrar(connection, vault, effects(KEK))
        for signer in (LI, WANG):
            roles = frozenset({Role.OFFICERS, Role.KEYS})
            registrar.enrol(signer, key_of(signer.name).public_key, roles, at)
        record = wrap(KEK, KeySlot.named(LOADED), bytes(range(2, 18)), nonce())
        load = KeyLoad((KeyFace(LOADED, record.kcv.hex()),), Origin.WRAPPED)
        approve(registrar, propose_load(registrar, KEK, LI, load, [record], "x", at).number, at)
        (terminal, *_) = [
            row[0]
            for row in connection.execute(
                "SELECT key_id FROM medswitch.vault_key WHERE kind = 'terminal' ORDER BY key_id"
            )
        ]
        for kind, key in ((Kind.RETIRE_KEYS, RETIRED), (Kind.SUSPEND_KEYS, terminal)):
            approve(registrar, propose_move(registrar, LI, kind, [key], "x", at).number, at)
        propose_move(registrar, LI, Kind.ACTIVATE_KEYS, [LOADED], "x", at)


@pytest.fixture(scope="module")
def kept(server_url: str, migrated_template: str) -> Iterator[str]:
    """A province's keys with a history, and a copy of them beside."""
    for url in _database(server_url, migrated_template):
        at = datetime.now(UTC)
        today = at.astimezone(BEIJING).date()
        size = Size(members=0, institutions=2)
        seed(url, size, random_seed=7, data_dir=None, kek=KEK, today=today)
        work(url, at)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA kept")
            for table in ("vault_key", "audit_record"):
                connection.execute(f"CREATE TABLE kept.{table} AS SELECT * FROM medswitch.{table}")
        yield url


@pytest.fixture
def worked(kept: str) -> str:
    with psycopg.connect(kept, autocommit=True) as connection:
        for table in ("vault_key", "audit_record"):
            connection.execute(f"TRUNCATE medswitch.{table}")
            connection.execute(f"INSERT INTO medswitch.{table} SELECT * FROM kept.{table}")
    return kept


BREAKS = [
    _break("a retired key comes back", f"key {RETIRED}", "state retired, its row says live",
           f"UPDATE vault_key SET state = 'live' WHERE key_id = '{RETIRED}'"),
    _break("a pending key is in use", f"key {LOADED}", "state pending, its row says live",
           f"UPDATE vault_key SET state = 'live' WHERE key_id = '{LOADED}'"),
    _break("a live key is stopped", "key vault/NONCE/1", "state live, its row says suspended",
           "UPDATE vault_key SET state = 'suspended' WHERE key_id = 'vault/NONCE/1'"),
    _break("a suspended terminal goes on", "key terminal/", "state suspended, its row says live",
           "UPDATE vault_key SET state = 'live' WHERE state = 'suspended'"),
    _break("a key is gone", f"key {LOADED}", "has a record and no row",
           f"DELETE FROM vault_key WHERE key_id = '{LOADED}'"),
    _break("a terminal's key is gone", "terminal keys", "the genesis names 4, and not the 3",
           "DELETE FROM vault_key WHERE key_id IN (SELECT key_id FROM vault_key"
           " WHERE kind = 'terminal' AND state = 'live' LIMIT 1)"),
    _break("a terminal's key gets a day more", "terminal keys", "the genesis names 4, and not",
           "UPDATE vault_key SET ends_on = '2099-01-01' WHERE kind = 'terminal'"),
    _break("a terminal's key nobody loaded", "terminal keys", "the genesis names 4, and not the 5",
           "INSERT INTO vault_key SELECT key_id || '9', kind, tier, scope, function, suite,"
           " version + 8, state, ends_on, kek_id, nonce, wrapped, kcv FROM vault_key"
           " WHERE kind = 'terminal' AND state = 'live' LIMIT 1"),
    _break("a key lasts longer", f"key {LOADED}", "ends_on None, its row says 2099-01-01",
           f"UPDATE vault_key SET ends_on = '2099-01-01' WHERE key_id = '{LOADED}'"),
]  # fmt: skip


def test_a_history_of_keys_follows_from_its_records(worked: str) -> None:
    report = audit_database(worked, KEK)
    assert report.violations(16) == ()
    assert report.clean


@pytest.mark.parametrize("broken", BREAKS)
def test_every_breach_is_named(worked: str, broken: Break) -> None:
    with psycopg.connect(worked, autocommit=True) as connection:
        connection.execute("SET search_path = medswitch")
        for statement in broken.statements:
            assert connection.execute(statement).rowcount > 0
    found = audit_database(worked, KEK).violations(16)
    named = [one for one in found if one.key.startswith(broken.key) and broken.says in one.detail]
    assert named, found


def test_a_database_of_before_keys_were_recorded_says_so(worked: str) -> None:
    """Its genesis names none: every key is a row without a record."""
    with psycopg.connect(worked, autocommit=True) as connection:
        connection.execute(
            "UPDATE medswitch.audit_record SET body = regexp_replace(body,"
            ' \'"keys":.*,"rule_books"\', \'"rule_books"\') WHERE number = 1'
        )
        body = connection.execute(
            "SELECT body FROM medswitch.audit_record WHERE number = 1"
        ).fetchone()
    assert body is not None
    assert '"keys"' not in body[0]
    found = audit_database(worked, KEK).violations(16)
    assert any(one.detail == "has a row and no record" for one in found)


def test_a_moved_wrapping_does_not_open(worked: str) -> None:
    """One key's wrapped bytes in another's row: the associated data refuse it, the audit, too."""
    with psycopg.connect(worked, autocommit=True) as connection:
        connection.execute(
            "UPDATE medswitch.vault_key a SET wrapped = b.wrapped, nonce = b.nonce, kcv = b.kcv"
            " FROM medswitch.vault_key b WHERE a.key_id = 'province/330000/AUTH/SM4/1'"
            " AND b.key_id = 'province/330000/TAC/SM4/1'"
        )
        with pytest.raises(KeyUnwrapFailed, match="province/330000/AUTH/SM4/1 does not open"):
            SoftwareVault(KEK, load_keys(connection))
    with pytest.raises(KeyUnwrapFailed, match="does not open"):
        audit_database(worked, KEK)
