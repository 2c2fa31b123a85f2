"""ledger: the SQL stands in `sql/0002_ledger.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0002_ledger.sql")
