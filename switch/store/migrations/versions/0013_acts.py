"""acts: the SQL stands in `sql/0013_acts.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0013"
down_revision = "0012d"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0013_acts.sql")
