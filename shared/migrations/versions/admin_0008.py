"""The admin interface: what admins changed, and what they may look at."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    run_sql(op.get_bind(), Path(__file__).parent / "sql_0008" / "admin.sql")
