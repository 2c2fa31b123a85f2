"""vouchers: the SQL stands in `sql/0012d_vouchers.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0012d"
down_revision = "0012c"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0012d_vouchers.sql")
