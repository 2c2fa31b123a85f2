"""vouchers: the SQL stands in `sql/0017_vouchers.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0017_vouchers.sql")
