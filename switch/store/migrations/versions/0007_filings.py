"""filings: the SQL stands in `sql/0007_filings.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0007_filings.sql")
