"""Calls to confirm that a session makes by itself."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    run_sql(op.get_bind(), Path(__file__).parent / "sql_0010" / "call_rules.sql")
