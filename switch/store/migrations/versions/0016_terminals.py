"""terminals: the SQL stands in `sql/0016_terminals.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0016_terminals.sql")
