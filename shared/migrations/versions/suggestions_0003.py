"""Suggestions as they are computed and stored, and policies that are never overwritten."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    run_sql(op.get_bind(), Path(__file__).parent / "sql_0003" / "suggestions.sql")
