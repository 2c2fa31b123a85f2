"""Cards, keys and rule books in the store, on the demonstration province."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from switch.office.activation import Activation
from switch.security.custody import KekAlgorithm, KeyEncryptionKey
from switch.seed import demonstration
from switch.seed.places import HOME
from switch.store.connection import RUNTIME_ROLE
from switch.store.keys import load_keys, save_keys
from switch.store.rule_books import (
    keep_book,
    load_book,
    load_rules,
    load_shelf,
    load_shipped,
    put_in_force,
    save_catalogue,
    shipped_catalogue,
)

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
KEK = KeyEncryptionKey("kek-test", KekAlgorithm.SM4_GCM, bytes(range(16)))


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection[TupleRow]]:
    """A connection in the runtime role, on the demonstration province."""
    demonstration(database_url, random_seed=1, data_dir=None, kek=KEK, today=TODAY)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            psycopg.sql.SQL("SET ROLE {}").format(psycopg.sql.Identifier(RUNTIME_ROLE))
        )
        yield connection


@pytest.fixture
def owner(conn: Connection[TupleRow]) -> Connection[TupleRow]:
    conn.execute("RESET ROLE")
    return conn


def test_the_runtime_role_changes_no_card_by_itself(
    conn: Connection[TupleRow],
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("UPDATE medswitch.member SET card_status = 'normal'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("INSERT INTO medswitch.card DEFAULT VALUES")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("SELECT medswitch.write_card_events('[]')")


def test_keys_come_back_as_they_were_saved(owner: Connection[TupleRow]) -> None:
    records = load_keys(owner)
    owner.execute("DELETE FROM medswitch.vault_key WHERE kind <> 'terminal'")
    assert save_keys(owner, records) == len(records)
    assert load_keys(owner) == records
    with pytest.raises(psycopg.errors.UniqueViolation):
        save_keys(owner, records[:1])


def test_a_kept_book_is_in_force_from_its_day_on_and_the_former_is_kept(
    owner: Connection[TupleRow],
) -> None:
    shipped = load_shipped()[HOME]
    before_epoch, before = load_rules(owner, TODAY)
    assert load_rules(owner, TODAY - DAY)[1].books == {}
    without = {name: text for name, text in shipped.items() if name != "demonstration.toml"}
    digest = keep_book(owner, "330299", without, NOW)
    assert load_rules(owner, TODAY) == (before_epoch, before)
    put_in_force(owner, Activation("330299", digest, TODAY + DAY, record=2, change=1))
    assert load_rules(owner, TODAY) == (before_epoch + 1, before)
    _, rules = load_rules(owner, TODAY + DAY)
    assert rules.books["330299"].hash == digest != before.books["330299"].hash
    assert rules.books["339900"] == before.books["339900"]
    assert load_book(owner, "330299", before.books["330299"].hash) == before.books["330299"]


def test_a_shelf_serves_every_day_from_its_first_on(owner: Connection[TupleRow]) -> None:
    shipped = load_shipped()[HOME]
    without = {name: text for name, text in shipped.items() if name != "demonstration.toml"}
    digest = keep_book(owner, "330299", without, NOW)
    put_in_force(owner, Activation("330299", digest, TODAY + DAY, record=2, change=1))
    shelf = load_shelf(owner, TODAY)
    for day in (TODAY, TODAY + DAY, TODAY + 2 * DAY):
        assert shelf.rules({}, day) == load_rules(owner, day)[1]
    mixed = shelf.rules({"330299": TODAY + DAY}, TODAY).books
    assert mixed["330299"].hash == digest
    late = load_shelf(owner, TODAY + DAY)
    with pytest.raises(KeyError):
        late.rules({}, TODAY)


def test_a_book_that_is_not_kept_in_its_words_is_not_put_in_force(
    owner: Connection[TupleRow],
) -> None:
    with pytest.raises(ValueError, match="330299"):
        keep_book(owner, "330199", load_shipped()[HOME], NOW)
    unknown = Activation("330299", "0" * 64, TODAY, record=2, change=1)
    with pytest.raises(LookupError):
        put_in_force(owner, unknown)
    owner.execute("UPDATE medswitch.rule_book SET hash = repeat('0', 64) WHERE region = '330299'")
    with pytest.raises(ValueError, match="now hash to"):
        put_in_force(owner, unknown)


def test_a_catalogue_comes_back_and_takes_no_row_twice(owner: Connection[TupleRow]) -> None:
    rows = shipped_catalogue("330000")
    _, rules = load_rules(owner, TODAY)
    catalogue = rules.catalogues["330000"]
    assert sum(len(catalogue.spells(code)) for code in catalogue.latest) == len(rows)
    with pytest.raises(psycopg.errors.UniqueViolation):
        save_catalogue(owner, "330000", rows[:1])


def test_an_unmigrated_epoch_is_named(owner: Connection[TupleRow]) -> None:
    owner.execute("DELETE FROM medswitch.epoch")
    with pytest.raises(LookupError, match="migrate"):
        save_catalogue(owner, "330300", [])
