"""card office: the SQL stands in `sql/0014_card_office.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0014_card_office.sql")
