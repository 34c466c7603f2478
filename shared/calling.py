"""Calling students to confirm: what a teacher's call and one that a session makes by itself have in common.

The API and the workers run the same statements, each on a connection of its own kind, in one transaction that holds the
session's lock.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.domain.calls import number_to_ask
from shared.domain.codes import MAX_GENERATION
from shared.domain.words import CallKind
from shared.ids import new_id

OPEN = text("SELECT 1 FROM confirmation_calls WHERE session_id = :id AND closes_at > :now")
"""Whether a call of the session is open."""

IN_THE_ROOM = text("""
    SELECT student_id FROM attendance_records
    WHERE session_id = :id AND user_type = 'student' AND status IN ('PRESENT', 'LATE') ORDER BY student_id
""")
"""Whom a call may ask."""

CALL = text("""
    INSERT INTO confirmation_calls (id, session_id, kind, called_by, called_at, closes_at, asked)
    VALUES (:id, :session, :kind, :caller, :now, :closes_at, CAST(:asked AS uuid[]))
""")
NEW_CODES = text("UPDATE live_sessions SET code_generation = least(code_generation + 1, :most) WHERE id = :session")
"""An answer must show a code that nobody has seen before."""


def new_call(
    session_id: UUID,
    kind: CallKind,
    caller: UUID | None,
    there: Sequence[UUID],
    share: float,
    now: datetime,
    closes_at: datetime,
) -> dict[str, Any]:
    """The parameters of :data:`CALL` and :data:`NEW_CODES`; no ``caller``: the session's rule. Who is asked is drawn
    by lot."""
    return {
        "id": new_id(),
        "session": session_id,
        "kind": kind.value,
        "caller": caller,
        "now": now,
        "closes_at": closes_at,
        "asked": secrets.SystemRandom().sample(there, number_to_ask(len(there), share)),
        "most": MAX_GENERATION,
    }
