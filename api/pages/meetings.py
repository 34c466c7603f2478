"""Online sessions as their participants see them: where they stand, and what of one's own presence is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.ownership import MY_SESSIONS, as_person
from api.pages.dates import clock
from api.pages.shapes import wire_time
from api.services import Services
from api.sessions import SessionRow, load
from shared.domain.engagement import in_minutes, one_decimal
from shared.domain.lifecycle import opens_at, takes_events
from shared.domain.presence import GAP, Runs, active_time, runs_covering
from shared.domain.words import Mode, SessionStatus, UserType
from shared.tokens import Identity

_MINE = text("SELECT covered FROM presence WHERE session_id = :id AND user_id = :me")
_TUTOR = text("SELECT first_name || ' ' || last_name FROM users WHERE id = :id")
_TODAY = """
    SELECT s.id, s.class_name, s.status, coalesce(s.scheduled_start, s.started_at) AS begins
    FROM live_sessions s
    WHERE {mine} AND s.mode <> 'in_person'
      AND (s.status = 'active' OR (s.status = 'scheduled' AND s.session_date = :today))
    ORDER BY s.status, begins, s.id LIMIT 50
"""


class Phase(StrEnum):
    """What somebody who comes now finds."""

    IN_PERSON = "in_person"
    EARLY = "early"
    OPEN = "open"
    OVER = "over"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay without a gap, in clock times; both are the same for a single moment."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session with one's own part in it.

    ``opens`` is the clock time from which connections count, where that is not yet. ``since`` and ``last`` bound the
    stay that goes on now, for a page that was reloaded in the middle of it.
    """

    id: UUID
    class_name: str
    room: str | None
    tutor: str
    begins: str
    ends: str | None
    phase: Phase
    user_type: UserType
    opens: str | None
    opens_at: str | None
    stays: Sequence[Stay]
    minutes: float
    since: str | None
    last: str | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An online session of today that can be joined, now or soon."""

    id: UUID
    class_name: str
    status: str
    begins: str


async def read_meeting(services: Services, who: Identity, session_id: UUID) -> Meeting:
    """The session for this participant; ``not_found`` for somebody without a part in it."""
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id)
        mine = (await connection.execute(_MINE, {"id": session_id, "me": who.user_id})).one_or_none()
        tutor = (await connection.execute(_TUTOR, {"id": row.teacher_id})).scalar()
    return _meeting(row, who, tutor or "", mine, services.settings.zone, services.now())


async def online_today(services: Services, who: Identity) -> list[Invitation]:
    """The person's online and hybrid sessions that run, or are planned for today."""
    zone = services.settings.zone
    today = services.now().astimezone(zone).date()
    async with as_person(services, who) as connection:
        rows = await _invitations(connection, who, today)
    return [Invitation(row.id, row.class_name, row.status, row.begins and clock(row.begins, zone)) for row in rows]


async def _invitations(connection: AsyncConnection, who: Identity, today: date) -> Sequence[Row[Any]]:
    statement = text(_TODAY.format(mine=MY_SESSIONS[who.role]))
    return (await connection.execute(statement, {"me": who.user_id, "today": today})).all()


def _meeting(
    row: SessionRow, who: Identity, tutor: str, mine: Row[Any] | None, zone: ZoneInfo, now: datetime
) -> Meeting:
    mode = Mode(row.mode)
    opens = opens_at(mode, row.scheduled_start)
    counts = takes_events(row.status, opens, now)
    runs = runs_covering((part.lower, part.upper) for part in mine.covered) if mine else ()
    goes_on = counts and bool(runs) and now - runs[-1].last <= GAP
    return Meeting(
        id=row.id,
        class_name=row.class_name,
        room=row.room,
        tutor=tutor,
        begins=clock(row.when, zone),
        ends=None if row.until is None else clock(row.until, zone),
        phase=_phase(row.status, mode, counts=counts),
        user_type=UserType.TUTOR if who.user_id == row.teacher_id else UserType.STUDENT,
        opens=None if counts or opens is None else clock(opens, zone),
        opens_at=None if counts or opens is None else wire_time(opens),
        stays=stays_of(runs, zone),
        minutes=one_decimal(in_minutes(active_time(runs))),
        since=wire_time(runs[-1].first) if goes_on else None,
        last=wire_time(runs[-1].last) if goes_on else None,
    )


def stays_of(runs: Runs, zone: ZoneInfo) -> list[Stay]:
    """Runs in clock times."""
    return [Stay(clock(run.first, zone), clock(run.last, zone)) for run in runs]


def _phase(status: SessionStatus, mode: Mode, *, counts: bool) -> Phase:
    if status is SessionStatus.CANCELLED:
        return Phase.CANCELLED
    if mode is Mode.IN_PERSON:
        return Phase.IN_PERSON
    if status is SessionStatus.COMPLETED:
        return Phase.OVER
    return Phase.OPEN if counts else Phase.EARLY
