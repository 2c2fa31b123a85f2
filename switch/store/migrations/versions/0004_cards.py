"""cards: the SQL stands in `sql/0004_cards.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0004_cards.sql")
