"""A teacher's day: today's sessions with their counters, what came before, and the groups to start one with."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from api.courses import list_courses
from api.narrowing import STARTS
from api.ownership import MY_COURSES, MY_SESSIONS, as_person
from api.pages.dates import Gettext, clock, short_day
from api.pages.shapes import Counts, GroupRow, SessionCard
from api.services import Services
from shared.domain.attendance import Tally
from shared.domain.words import Mode, SessionStatus
from shared.tokens import Identity

MOST_TODAY = 200
MOST_HISTORY = 30

_SESSIONS = f"""
    SELECT s.id, s.class_name, s.room, s.status, s.session_date, s.mode,
           {STARTS} AS begins,
           coalesce(s.ended_at, s.scheduled_end) AS ends,
           ARRAY(SELECT r.source FROM attendance_records r WHERE r.session_id = s.id AND r.user_type = 'student'
                 GROUP BY r.source ORDER BY count(*) DESC, r.source) AS sources,
           t.enrolled, t.present, t.late, t.absent, t.excused, t.connected
    FROM live_sessions s JOIN session_tallies t ON t.session_id = s.id
    WHERE {{mine}} AND {{which}} ORDER BY {{order}} LIMIT :most
"""  # noqa: S608 - fixed pieces
_TODAY = "(s.session_date = :today OR s.status = 'active')"
_SOONEST = "array_position(ARRAY['active', 'scheduled', 'completed', 'cancelled'], s.status), begins, s.id"
_BEFORE = "s.session_date < :today AND s.status IN ('completed', 'cancelled')"
_NEWEST = "begins DESC, s.id DESC"
_LAST = """
    SELECT DISTINCT ON (g.group_id) g.group_id, g.session_id, g.session_status, s.room, s.mode, s.session_type
    FROM session_groups g JOIN live_sessions s ON s.id = g.session_id JOIN courses c ON c.id = s.course_id
    WHERE {mine} ORDER BY g.group_id, g.session_status = 'active' DESC, s.created_at DESC
"""


@dataclass(frozen=True, slots=True)
class Board:
    """What ``/teach`` shows."""

    today: list[SessionCard]
    before: list[SessionCard]
    groups: list[GroupRow]


@dataclass(frozen=True, slots=True)
class Usual:
    """How a group met last: what the next session is started with unless somebody says otherwise."""

    course_id: UUID
    mode: str = "in_person"
    session_type: str = "lecture"


async def read_board(services: Services, who: Identity, today: date, translate: Gettext) -> Board:
    """The day of a teacher; an admin sees everybody's."""
    values: dict[str, Any] = {"me": who.user_id, "today": today}
    mine = MY_SESSIONS[who.role]
    async with as_person(services, who) as connection:
        statement = text(_SESSIONS.format(mine=mine, which=_TODAY, order=_SOONEST))
        now = (await connection.execute(statement, {**values, "most": MOST_TODAY})).all()
        statement = text(_SESSIONS.format(mine=mine, which=_BEFORE, order=_NEWEST))
        before = (await connection.execute(statement, {**values, "most": MOST_HISTORY})).all()
    cards = [[_card(services, row, translate) for row in rows] for rows in (now, before)]
    return Board(cards[0], cards[1], await _groups(services, who))


async def usual(services: Services, who: Identity, group_id: UUID) -> Usual | None:
    """How a group of this person meets; None when it is not theirs."""
    for course in await list_courses(services, who):
        if any(group.id == group_id for group in course.groups):
            last = (await _last(services, who)).get(group_id)
            return Usual(course.id) if last is None else Usual(course.id, last.mode, last.session_type)
    return None


async def _groups(services: Services, who: Identity) -> list[GroupRow]:
    last = await _last(services, who)
    return [
        GroupRow(
            id=group.id,
            class_name=group.class_name,
            title=course.title,
            enrolled=group.enrolled,
            active_session=met.session_id if met and met.session_status == "active" else None,
            room=met.room if met else None,
        )
        for course in await list_courses(services, who)
        for group in course.groups
        for met in [last.get(group.id)]
    ]


async def _last(services: Services, who: Identity) -> dict[UUID, Row[Any]]:
    """Each group's running session, or else its latest."""
    async with as_person(services, who) as connection:
        statement = text(_LAST.format(mine=MY_COURSES[who.role]))
        return {row.group_id: row for row in await connection.execute(statement, {"me": who.user_id})}


def _card(services: Services, row: Row[Any], translate: Gettext) -> SessionCard:
    zone = services.settings.zone
    tally = Tally(row.enrolled, row.present, row.late, row.absent, row.excused, row.connected)
    online = row.mode != Mode.IN_PERSON
    return SessionCard(
        id=row.id,
        class_name=row.class_name,
        room=row.room,
        status=row.status,
        day=short_day(row.session_date, translate),
        time=clock(row.begins, zone),
        until=row.ends and clock(row.ends, zone),
        counts=Counts.of(tally),
        online=online,
        sources=row.sources,
        waiting=tally.not_marked if online and row.status == SessionStatus.COMPLETED else 0,
    )
