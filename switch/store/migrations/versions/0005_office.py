"""office: the SQL stands in `sql/0005_office.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0005_office.sql")
