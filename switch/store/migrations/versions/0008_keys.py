"""keys: the SQL stands in `sql/0008_keys.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0008_keys.sql")
