"""payment: the SQL stands in `sql/0009c_payment.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0009c"
down_revision = "0009b"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0009c_payment.sql")
