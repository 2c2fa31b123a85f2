"""payment: the SQL stands in `sql/0011_payment.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0011_payment.sql")
