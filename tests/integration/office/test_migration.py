"""Migration 0005: what was in force before it is in force after it."""

from datetime import date
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import switch.store.migrate
from switch.office.activation import Activation
from switch.store.migrate import upgrade
from switch.store.rule_books import load_activations


def upgrade_to(url: str, revision: str) -> None:
    """Bring an empty database to an older schema."""
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    )
    config = Config()
    folder = Path(switch.store.migrate.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def test_the_latest_books_stay_in_force(empty_database_url: str) -> None:
    upgrade_to(empty_database_url, "0004")
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        # 20:00 UTC is the next day in Beijing.
        connection.execute(
            "INSERT INTO medswitch.rule_book (hash, region, texts, activated_at) VALUES"
            " ('old', '330299', '{}', '2026-01-01T00:00Z'),"
            " ('new', '330299', '{}', '2026-03-01T20:00Z'),"
            " ('only', '330199', '{}', '2026-02-01T00:00Z')"
        )
    upgrade(empty_database_url)
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        assert load_activations(connection) == (
            Activation("330199", "only", date(2026, 2, 1), record=0, change=0),
            Activation("330299", "new", date(2026, 3, 2), record=0, change=0),
        )
        kept = connection.execute("SELECT hash, kept_at FROM medswitch.rule_book").fetchall()
    assert {row[0] for row in kept} == {"old", "new", "only"}
