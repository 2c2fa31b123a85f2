"""A real PostgreSQL for a test session, and a fresh, migrated database for a test.

The server of a session runs without fsync: a test that proves that commits last starts its own.
"""

import importlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg import sql

from switch.store.embedded import DATABASE, EmbeddedPostgres

TEMPLATE = "medswitch_template"
MEMORY = Path("/dev/shm")
"""A file system in memory, if the machine has one: a database is copied there ten times as fast."""
MEMORY_BYTES_MIN = 2 * 1024**3
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A running server in a folder of its own; each xdist worker has one."""
    with _folder(tmp_path_factory) as folder:
        server = EmbeddedPostgres(
            folder,
            die_with_parent=True,
            settings={
                "fsync": "off",
                "full_page_writes": "off",
                "synchronous_commit": "off",
                "max_wal_size": "128MB",
                "max_connections": "100",
                "max_prepared_transactions": "10",
            },
        )
        with server:
            yield server


@contextmanager
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a folder for a server that nothing must survive: in memory where there is room."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN:
        with TemporaryDirectory(
            prefix="medswitch-", dir=MEMORY, ignore_cleanup_errors=True
        ) as name:
            yield Path(name)
    else:
        yield tmp_path_factory.mktemp("postgres")


@pytest.fixture(scope="session")
def server_url(postgres: EmbeddedPostgres) -> str:
    """The URL of the session's server, on its empty default database."""
    return postgres.start()


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> str:
    """The name of a database that every migration has run on, to be copied."""
    _run(server_url, "create database {}", TEMPLATE)
    # By name: the store's migrations may not exist in a tree that is being built.
    importlib.import_module("switch.store.migrate").upgrade(_url_of(server_url, TEMPLATE))
    return TEMPLATE


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """The URL of a fresh database without a table."""
    yield from _database(server_url, "template1")


@pytest.fixture
def database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """The URL of a fresh database with every migration applied, superuser's."""
    yield from _database(server_url, migrated_template)


def _database(server_url: str, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    # A file copy is three times as fast as one through the log, and nothing here must survive.
    _run(server_url, "create database {} template {} strategy file_copy", name, template)
    try:
        yield _url_of(server_url, name)
    finally:
        _run(server_url, "drop database {} with (force)", name)


def _url_of(server_url: str, name: str) -> str:
    return server_url.replace(f"/{DATABASE}?", f"/{name}?", 1)


def _run(url: str, statement: str, *names: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
