"""What marking needs: whether a mark exists, and the same cost in a small class and a large one."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    run_sql(op.get_bind(), Path(__file__).parent / "sql_0006" / "marking.sql")
