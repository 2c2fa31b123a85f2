"""standings: the SQL stands in `sql/0006_standings.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0006_standings.sql")
