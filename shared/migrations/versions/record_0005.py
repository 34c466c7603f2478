"""The record: history chained per session, and the rules of who may write a mark when, held by PostgreSQL itself."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0005"
down_revision = "0004"

PARTS = ("chain", "rules")


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    for part in PARTS:
        run_sql(op.get_bind(), Path(__file__).parent / "sql_0005" / f"{part}.sql")
