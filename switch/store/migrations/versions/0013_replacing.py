"""replacing: the SQL stands in `sql/0013_replacing.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0013_replacing.sql")
