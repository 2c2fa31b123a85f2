"""acts: the SQL stands in `sql/0018_acts.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0018_acts.sql")
