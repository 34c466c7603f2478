"""Evidence: presence as the drain keeps it, and check-ins redeemed while Redis is away."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    run_sql(op.get_bind(), Path(__file__).parent / "sql_0002" / "evidence.sql")
