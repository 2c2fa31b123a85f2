"""post: the SQL stands in `sql/0003_post.sql`; forward only."""

from switch.store.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the migration."""
    run_sql("0003_post.sql")
