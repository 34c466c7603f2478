"""Runs migrations on the connection that :func:`shared.migrations.migrate` hands over."""

from alembic import context
from sqlalchemy import Connection, text

from shared.models import Base


def run(connection: Connection) -> None:
    """Migrate in one transaction as the owner, never waiting long for a lock."""
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text("SET LOCAL statement_timeout = '15min'"))
        connection.execute(text("SET LOCAL ROLE muster_owner"))
        context.run_migrations()


run(context.config.attributes["connection"])
