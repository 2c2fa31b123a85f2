"""clearing: the SQL stands in `sql/0009b_clearing.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0009b"
down_revision = "0009"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0009b_clearing.sql")
