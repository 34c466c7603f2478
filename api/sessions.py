"""Reading live sessions: one by id, or a page of a person's own."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.codeview import view_code
from api.cursors import DEFAULT_LIMIT, Limit, make_cursor
from api.fields import CamelBody, Moment
from api.narrowing import STARTS, Narrowed
from api.ownership import MY_SESSIONS, STAFF, as_person
from api.services import Services
from api.views import LiveSessionView, WebSocketView
from shared import keys
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role, SessionStatus
from shared.settings import Settings
from shared.tokens import Identity

_COLUMNS = """
    s.id, s.course_id, s.teacher_id, s.class_name, s.session_type, s.mode, s.status, s.room, s.session_date,
    s.scheduled_start, s.scheduled_end, s.started_at, s.ended_at, s.created_at,
    ARRAY(SELECT g.group_id FROM session_groups g WHERE g.session_id = s.id ORDER BY g.group_id) AS group_ids
"""
_LOCK_TALLY = text("SELECT 1 FROM session_tallies WHERE session_id = :id FOR UPDATE")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it stands in the database."""

    id: UUID
    course_id: UUID
    teacher_id: UUID
    class_name: str
    session_type: str
    mode: str
    status: SessionStatus
    room: str | None
    session_date: date
    scheduled_start: datetime | None
    scheduled_end: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime
    group_ids: list[UUID]

    @classmethod
    def of(cls, row: Row[Any]) -> "SessionRow":
        """From a row of :data:`_COLUMNS`."""
        fields = {name: getattr(row, name) for name in cls.__dataclass_fields__}
        return cls(**{**fields, "status": SessionStatus(row.status)})

    @property
    def when(self) -> datetime:
        """What lists are ordered by: planned start, else actual, else when it was made."""
        return self.scheduled_start or self.started_at or self.created_at

    @property
    def until(self) -> datetime | None:
        """When it ended, or is planned to end."""
        return self.ended_at or self.scheduled_end


async def load(connection: AsyncConnection, who: Identity, session_id: UUID, *, lock: bool = False) -> SessionRow:
    """A session that the person has a part in; ``not_found`` otherwise, whether it exists or not."""
    statement = f"SELECT {_COLUMNS} FROM live_sessions s WHERE s.id = :id AND {MY_SESSIONS[who.role]}"  # noqa: S608
    if lock and who.role is not Role.STUDENT:
        # Counters first, as the drain does: two writers that take locks in one order cannot block each other.
        await connection.execute(_LOCK_TALLY, {"id": session_id})
        statement += " FOR UPDATE" if who.role in STAFF else ""
    row = (await connection.execute(text(statement), {"id": session_id, "me": who.user_id})).one_or_none()
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return SessionRow.of(row)


async def find(services: Services, who: Identity, session_id: UUID) -> SessionRow:
    """:func:`load` in a transaction of its own."""
    async with as_person(services, who) as connection:
        return await load(connection, who, session_id)


class SessionFilter(CamelBody):
    """The query of a list of sessions. ``from`` and ``to`` bound the start: from ≤ start < to."""

    status: SessionStatus | None = None
    course_id: UUID | None = None
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: str | None = None


async def list_sessions(
    services: Services, who: Identity, wanted: SessionFilter
) -> tuple[list[SessionRow], str | None]:
    """A page of the person's sessions, newest first, and the cursor of the next."""
    mine = _narrowed(who, wanted)
    statement = text(
        f"SELECT {_COLUMNS} FROM live_sessions s WHERE {mine} "  # noqa: S608 - fixed pieces
        f"ORDER BY {STARTS} DESC, s.id DESC LIMIT :limit"
    )
    async with as_person(services, who) as connection:
        rows = [SessionRow.of(row) for row in await connection.execute(statement, mine.values)]
    page = rows[: wanted.limit]
    more = len(rows) > wanted.limit
    return page, make_cursor(page[-1].when, page[-1].id) if more else None


def _narrowed(who: Identity, wanted: SessionFilter) -> Narrowed:
    mine = Narrowed([MY_SESSIONS[who.role]], {"me": who.user_id, "limit": wanted.limit + 1})
    mine.by("s.status = :status", status=wanted.status)
    mine.by("s.course_id = :course", course=wanted.course_id)
    mine.by(f"{STARTS} >= :since", since=wanted.from_)
    mine.by(f"{STARTS} < :until", until=wanted.to)
    mine.after(wanted.cursor, STARTS, "s.id")
    return mine


def web_socket(settings: Settings, session_id: UUID) -> WebSocketView:
    """Where a session can be followed."""
    return WebSocketView(url=f"{settings.gateway_url}/ws", channel=keys.channel(session_id))


async def view_session(services: Services, who: Identity, row: SessionRow) -> LiveSessionView:
    """The session as this person may see it: the code is for staff, while it is shown."""
    return LiveSessionView(
        id=row.id,
        course_id=row.course_id,
        class_name=row.class_name,
        session_type=row.session_type,
        mode=row.mode,
        group_id=row.group_ids[0] if row.group_ids else None,
        group_ids=row.group_ids,
        start_time=row.started_at,
        end_time=row.ended_at,
        scheduled_start=row.scheduled_start,
        scheduled_end=row.scheduled_end,
        status=row.status,
        qr_code_data=await _code(services, who, row),
        web_socket=web_socket(services.settings, row.id),
    )


async def _code(services: Services, who: Identity, row: SessionRow) -> str | None:
    if who.role not in STAFF or row.status != SessionStatus.ACTIVE:
        return None
    facts = await services.facts.get(row.id)
    if facts is None:
        return None
    return view_code(services.secret, services.settings.public_url, facts, services.now()).qr_code_data
