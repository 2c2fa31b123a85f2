"""Numbered migrations in plain SQL, run by Alembic in order; a merged one never changes."""

from pathlib import Path

from alembic import op


def run_sql(name: str) -> None:
    """Run one SQL file as it stands, inside the migration's transaction."""
    text = (Path(__file__).parent / "sql" / name).read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(text.replace("%", "%%"))
