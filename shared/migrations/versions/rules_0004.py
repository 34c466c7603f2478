"""Rules of a check-in, flags that a person reviews, and calls to confirm."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    run_sql(op.get_bind(), Path(__file__).parent / "sql_0004" / "rules.sql")
