"""terminals: the SQL stands in `sql/0012c_terminals.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0012c"
down_revision = "0012b"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0012c_terminals.sql")
