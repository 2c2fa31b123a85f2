"""Brings a database to the newest schema: one advisory lock, one transaction, forward only."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

_MIGRATION_LOCK: Final = 20181201
MONTHS_AHEAD: Final = 3
"""Months made ahead of now: a switch that nobody restarts for a quarter still has partitions."""


def upgrade(url: str) -> None:
    """Run every migration the database lacks, then make the month partitions around today.

    Two processes that start at once meet on an advisory lock; the second finds nothing to do.
    `url` names a role that may create schemas and roles. Raises: psycopg.Error.
    """
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.execute(text("RESET search_path"))
    engine.dispose()
    make_partitions(url, datetime.now(UTC).date())


def make_partitions(url: str, today: date) -> None:
    """Make the month partitions from last month to three months ahead; safe to repeat."""
    since = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    through = today + timedelta(days=31 * MONTHS_AHEAD)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT medswitch.ensure_partitions(%s, %s)", (since, through))
