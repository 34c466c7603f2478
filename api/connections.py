"""Connection status: who is there, since when, and what the audit list says (2-http-api 2.2)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.cursors import make_row_cursor, read_row_cursor
from api.ownership import as_person
from api.services import Services
from api.sessions import SessionRow, load
from api.whiteboard import ConnectionLogView, ConnectionStatusView, ParticipantView
from shared.domain.presence import is_connected
from shared.domain.refusals import Code, Refused
from shared.domain.words import SessionStatus, UserType
from shared.tokens import Identity

LOGS = 100

_PARTICIPANTS = text("""
    SELECT p.user_id, u.first_name || ' ' || u.last_name AS name, p.user_type, p.first_connected_at,
           p.last_disconnected_at, p.last_activity_at, p.total_active_seconds, p.connects, p.activity_counts
    FROM presence p LEFT JOIN users u ON u.id = p.user_id
    WHERE p.session_id = :id ORDER BY p.user_type DESC, name, p.user_id
""")
_LOGS = text("""
    SELECT e.id, e.user_id, e.user_type, e.event, e.occurred_at FROM connection_events e
    WHERE e.session_id = :id
      AND (CAST(:last_when AS timestamptz) IS NULL
           OR (e.occurred_at, e.id) < (CAST(:last_when AS timestamptz), CAST(:last_id AS bigint)))
    ORDER BY e.occurred_at DESC, e.id DESC LIMIT :most
""")
_ONE_STUDENT = text("SELECT enrolled = 1 FROM session_tallies WHERE session_id = :id")


async def read_status(services: Services, who: Identity, session_id: UUID, cursor: str | None) -> ConnectionStatusView:
    """The status as this person may see it: staff all, a student the tutor and themselves, a parent the child.

    Row-level security makes the choice; the query has no other condition than the session.
    """
    async with as_person(services, who) as connection:
        try:
            row = await load(connection, who, session_id)
        except Refused:
            raise Refused(Code.FORBIDDEN if await _exists(services, session_id) else Code.NOT_FOUND) from None
        people = (await connection.execute(_PARTICIPANTS, {"id": session_id})).all()
        logs = await _logs(connection, session_id, cursor)
        one_student = bool((await connection.execute(_ONE_STUDENT, {"id": session_id})).scalar())
    return _view(row, [_participant(services, row, person) for person in people], logs, one_student)


async def _exists(services: Services, session_id: UUID) -> bool:
    return await services.facts.get(session_id) is not None


async def _logs(connection: AsyncConnection, session_id: UUID, cursor: str | None) -> Sequence[Row[Any]]:
    last_when, last_id = (None, None) if cursor is None else read_row_cursor(cursor)
    values = {
        "id": session_id,
        "last_when": last_when,
        "last_id": last_id,
        "most": LOGS + 1,
    }
    return (await connection.execute(_LOGS, values)).all()


def _participant(services: Services, row: SessionRow, person: Row[Any]) -> ParticipantView:
    takes_events = row.status in (SessionStatus.ACTIVE, SessionStatus.SCHEDULED)
    return ParticipantView(
        user_id=person.user_id,
        name=person.name or "",
        user_type=person.user_type,
        connected=is_connected(person.last_activity_at, person.last_disconnected_at, takes_events, services.now()),
        connected_at=person.first_connected_at,
        disconnected_at=person.last_disconnected_at,
        last_activity_at=person.last_activity_at,
        total_active_seconds=person.total_active_seconds,
        connects=person.connects,
        activity_counts=person.activity_counts,
    )


def _view(
    row: SessionRow,
    people: list[ParticipantView],
    logs: Sequence[Row[Any]],
    one_student: bool,
) -> ConnectionStatusView:
    tutor = next((person for person in people if person.user_type == UserType.TUTOR), None)
    student = next((person for person in people if person.user_type == UserType.STUDENT), None)
    shown = logs[:LOGS]
    more = make_row_cursor(shown[-1].occurred_at, shown[-1].id) if len(logs) > LOGS else None
    return ConnectionStatusView(
        session_id=row.id,
        has_whiteboard=True,
        status=row.status,
        **_flat("tutor", tutor),
        **_flat("student", student if one_student else None, unknown=not one_student),
        participants=people,
        connection_logs=[
            ConnectionLogView(user_id=log.user_id, user_type=log.user_type, event=log.event, timestamp=log.occurred_at)
            for log in shown
        ],
        connection_logs_next=more,
    )


def _flat(part: str, person: ParticipantView | None, *, unknown: bool = False) -> dict[str, Any]:
    """The members of one part at the top of the answer; ``student_*`` are null unless there is just one."""
    if person is None:
        return {
            f"{part}_connected": None if unknown else False,
            f"{part}_connected_at": None,
            f"{part}_disconnected_at": None,
            f"{part}_last_activity_at": None,
            f"{part}_total_active_seconds": None if unknown else 0.0,
        }
    return {
        f"{part}_connected": person.connected,
        f"{part}_connected_at": person.connected_at,
        f"{part}_disconnected_at": person.disconnected_at,
        f"{part}_last_activity_at": person.last_activity_at,
        f"{part}_total_active_seconds": person.total_active_seconds,
    }
