"""${message}"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Runs as muster_owner with lock_timeout 5 s (env.py); long backfills belong into a worker task."""
    ${upgrades if upgrades else "pass"}
