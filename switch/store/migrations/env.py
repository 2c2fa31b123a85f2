"""Alembic's environment: one connection handed in by `store.migrate`, one transaction in all."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table_schema="public",
    version_table="medswitch_version",
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
