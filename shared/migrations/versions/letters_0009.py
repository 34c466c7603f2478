"""A dead letter per delivery, and what counted activities go by."""

from pathlib import Path

from alembic import op

from shared.migrations import run_sql

revision = "0009"
down_revision = "0008"

SQL = Path(__file__).parent / "sql_0009"


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py)."""
    run_sql(op.get_bind(), SQL / "once.sql")


def downgrade() -> None:
    """As before, without the doubles that were removed: they said nothing more."""
    run_sql(op.get_bind(), SQL / "undo.sql")
