"""The campus: every table, who may see what, counters and history, the publication."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0001"
down_revision = None

PARTS = ("tables", "policies", "triggers", "publication")


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    for part in PARTS:
        run_sql(op.get_bind(), Path(__file__).parent / "sql_0001" / f"{part}.sql")
