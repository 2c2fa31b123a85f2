"""A small database with keys, rule books and an office's history, to be copied."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from switch.model.ids import BEIJING
from switch.seed import Size, seed
from tests.fix_db import _database, _run, _url_of
from tests.fix_office import work
from tests.fix_province import KEK

WORKED = "medswitch_office"
TABLES = ("audit_record", "change", "officer", "rule_book_activation", "rule_book")


@pytest.fixture(scope="session")
def worked_template(server_url: str, migrated_template: str) -> str:
    """A database with nobody in it but officers, who have done a few of everything."""
    _run(server_url, "create database {} template {}", WORKED, migrated_template)
    url, now = _url_of(server_url, WORKED), datetime.now(UTC)
    today = now.astimezone(BEIJING).date()
    nobody = Size(members=0, institutions=0)
    seed(url, nobody, random_seed=7, data_dir=None, kek=KEK, today=today)
    work(url, now)
    return WORKED


@pytest.fixture(scope="session")
def worked_database(server_url: str, worked_template: str) -> Iterator[str]:
    """One copy for many tests, with a second copy of the office's tables beside them."""
    for url in _database(server_url, worked_template):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA kept")
            for table in TABLES:
                connection.execute(
                    sql.SQL("CREATE TABLE kept.{0} AS SELECT * FROM medswitch.{0}").format(
                        sql.Identifier(table)
                    )
                )
        yield url


@pytest.fixture
def worked(worked_database: str) -> str:
    """The URL of an office with a history, as nobody has touched it."""
    with psycopg.connect(worked_database, autocommit=True) as connection:
        for table in TABLES:
            name = sql.Identifier(table)
            connection.execute(sql.SQL("TRUNCATE medswitch.{}").format(name))
            connection.execute(
                sql.SQL("INSERT INTO medswitch.{0} SELECT * FROM kept.{0}").format(name)
            )
    return worked_database
