"""Making a live session: which groups meet, when, and that no group is in two rooms at once."""

import secrets
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import Row, insert, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.call_rules import ExitCheckBody, RecheckBody, write_call_rules
from api.fields import CamelBody, Moment, ShortText
from api.news import spread, tell
from api.ownership import MY_COURSES, as_person, require_staff
from api.problems import FieldError, malformed
from api.services import Services
from api.sessions import SessionRow, find
from shared.domain.codes import MAX_REFERENCE
from shared.domain.refusals import Code, Refused
from shared.domain.words import Mode, Rule, SessionStatus
from shared.ids import new_id
from shared.messages.events import SessionStatusChanged
from shared.models import LiveSession, SessionGroup
from shared.tokens import Identity

EXIT_CHECK = "checkInRules.exitCheck"
NO_PLANNED_END = "needs a scheduledEnd to come before"

RotateSeconds = Annotated[int, Field(ge=5, le=300)]


class CodeRules(CamelBody):
    """How the code turns."""

    rotate_seconds: RotateSeconds = 15


class FenceBody(CamelBody):
    """A circle on the ground, in degrees and metres."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    radius_meters: Annotated[float, Field(ge=10, le=50_000)]


class RulesBody(CamelBody):
    """What becomes of a check-in outside the fence, or of a second student on one device; calls made by themselves."""

    geofence: Rule = Rule.REFUSE
    device: Rule = Rule.FLAG
    recheck: RecheckBody | None = None
    exit_check: ExitCheckBody | None = None


class NewSession(CamelBody):
    """The body of ``POST /api/v1/sessions/live``: one ``groupId`` or several ``groupIds`` of one course."""

    course_id: UUID
    session_type: ShortText
    group_id: UUID | None = None
    group_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)] | None = None
    scheduled_start: Moment | None = None
    scheduled_end: Moment | None = None
    mode: Mode = Mode.IN_PERSON
    room: ShortText | None = None
    geofence: FenceBody | None = None
    check_in_rules: RulesBody = RulesBody()
    qr: CodeRules = CodeRules()
    start_now: bool = True

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.group_id is None) == (self.group_ids is None):
            raise ValueError("groupId: give this or groupIds")
        if self.scheduled_end and not (self.scheduled_start and self.scheduled_start < self.scheduled_end):
            raise ValueError("scheduledEnd: must come after a scheduledStart")
        if self.check_in_rules.exit_check and not self.scheduled_end:
            raise ValueError(f"{EXIT_CHECK}: {NO_PLANNED_END}")
        return self

    @property
    def groups(self) -> list[UUID]:
        """The groups that meet, each once."""
        return list(dict.fromkeys(self.group_ids or [])) or [self.group_id]  # type: ignore[list-item]


async def create_live(services: Services, who: Identity, wanted: NewSession) -> SessionRow:
    """Make a session, and start it unless it is planned for later.

    Refuses a course the person has no part in (``not_found``), groups of another course (422) and a group that
    already meets (``session_already_active`` with ``activeSessionId``).
    """
    now = services.now()
    session_id = new_id()
    try:
        async with as_person(services, who) as connection:
            course = await _course(connection, who, wanted.course_id)
            names = await _group_names(connection, wanted)
            row = _row(services, who, wanted, course, names, now)
            await connection.execute(insert(LiveSession).values(id=session_id, **row))
            groups = [{"session_id": session_id, "group_id": group, "session_status": row["status"]} for group in names]
            await connection.execute(insert(SessionGroup), groups)
            await write_call_rules(
                connection, session_id, wanted.check_in_rules.recheck, wanted.check_in_rules.exit_check
            )
            await tell(connection, SessionStatusChanged(session_id, None, SessionStatus(row["status"]), now))
    except IntegrityError as error:
        raise await conflict(services, who, error, wanted.groups) from error
    await spread(services, session_id)
    return await find(services, who, session_id)


async def _course(connection: AsyncConnection, who: Identity, course_id: UUID) -> Row[Any]:
    statement = f"SELECT c.id, c.subject_code, c.teacher_id FROM courses c WHERE c.id = :id AND {MY_COURSES[who.role]}"  # noqa: S608
    course = (await connection.execute(text(statement), {"id": course_id, "me": who.user_id})).one_or_none()
    if course is None:
        raise Refused(Code.NOT_FOUND)
    require_staff(who)
    return course


async def _group_names(connection: AsyncConnection, wanted: NewSession) -> dict[UUID, str]:
    statement = text("SELECT id, name FROM groups WHERE course_id = :course AND id = ANY(:ids) ORDER BY name")
    rows = await connection.execute(statement, {"course": wanted.course_id, "ids": wanted.groups})
    names: dict[UUID, str] = {row.id: row.name for row in rows}
    if len(names) != len(wanted.groups):
        field = "groupId" if wanted.group_id else "groupIds"
        raise malformed(FieldError(field, "is not a group of this course"))
    return names


def _row(
    services: Services, who: Identity, wanted: NewSession, course: Row[Any], names: dict[UUID, str], now: datetime
) -> dict[str, Any]:
    return {
        "course_id": course.id,
        "teacher_id": course.teacher_id,
        "class_name": f"{course.subject_code} {', '.join(names.values())}",
        "session_type": wanted.session_type,
        "mode": wanted.mode.value,
        "status": (SessionStatus.ACTIVE if wanted.start_now else SessionStatus.SCHEDULED).value,
        "room": wanted.room,
        "session_date": (wanted.scheduled_start or now).astimezone(services.settings.zone).date(),
        "scheduled_start": wanted.scheduled_start,
        "scheduled_end": wanted.scheduled_end,
        "started_at": now if wanted.start_now else None,
        "code_reference": secrets.randbelow(MAX_REFERENCE + 1),
        "code_generation": 0,
        "code_visible": True,
        "rotate_seconds": wanted.qr.rotate_seconds,
        **rule_columns(wanted.geofence, wanted.check_in_rules),
        "created_by": who.user_id,
        "created_at": now,
    }


def rule_columns(fence: FenceBody | None, rules: RulesBody) -> dict[str, Any]:
    """The columns of a session that hold its check-in rules."""
    return {
        "fence_latitude": fence and fence.latitude,
        "fence_longitude": fence and fence.longitude,
        "fence_radius_meters": fence and fence.radius_meters,
        "fence_rule": rules.geofence.value,
        "device_rule": rules.device.value,
    }


async def conflict(services: Services, who: Identity, error: IntegrityError, groups: list[UUID]) -> Exception:
    """What a violated uniqueness means: usually that one of the groups already meets."""
    if "uq_session_groups_active" not in str(error.orig):
        return error
    statement = text(
        "SELECT session_id FROM session_groups WHERE group_id = ANY(:ids) AND session_status = 'active' LIMIT 1"
    )
    async with as_person(services, who) as connection:
        active = (await connection.execute(statement, {"ids": groups})).scalar()
    extra = {} if active is None else {"activeSessionId": str(active)}
    return Refused(Code.SESSION_ALREADY_ACTIVE, **extra)
