"""clearing: the SQL stands in `sql/0010_clearing.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0010_clearing.sql")
