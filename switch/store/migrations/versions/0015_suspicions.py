"""suspicions: the SQL stands in `sql/0015_suspicions.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0015_suspicions.sql")
