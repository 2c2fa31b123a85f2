"""visits: the SQL stands in `sql/0012_visits.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0012_visits.sql")
