"""suspicions: the SQL stands in `sql/0012b_suspicions.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0012b"
down_revision = "0012"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0012b_suspicions.sql")
