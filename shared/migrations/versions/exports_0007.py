"""Exports that are written in the background, and the log of who looked at what."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0007"
down_revision = "0006"

PARTS = ("access_log", "exports")


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    for part in PARTS:
        run_sql(op.get_bind(), Path(__file__).parent / "sql_0007" / f"{part}.sql")
