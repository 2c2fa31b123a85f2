"""reconciliation: the SQL stands in `sql/0009_reconciliation.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0009_reconciliation.sql")
