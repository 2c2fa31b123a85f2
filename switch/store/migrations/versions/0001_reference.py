"""reference: the SQL stands in `sql/0001_reference.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the migration."""
    run_sql("0001_reference.sql")
