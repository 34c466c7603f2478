"""A course's policy: read it, and set a new version of it (2-http-api 2.1, 1-domain 1.3)."""

from dataclasses import asdict, replace
from typing import Annotated
from uuid import UUID

from pydantic import Field
from pydantic.alias_generators import to_camel
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.fields import CamelBody, CamelView
from api.news import spread
from api.ownership import MY_COURSES, as_person, require_staff
from api.problems import FieldError, malformed
from api.services import Services
from shared.domain.policy import DEFAULTS, Policy, policy_errors
from shared.domain.refusals import Code, Refused
from shared.tokens import Identity

_COURSE = "SELECT c.id FROM courses c WHERE c.id = :id AND {mine}"
_CURRENT = text("SELECT * FROM current_policies WHERE course_id = :id")
_SET = text("""
    INSERT INTO course_policies (course_id, version, late_after_minutes, absent_after_minutes, low_engagement,
                                 medium_engagement, high_engagement, short_session_minutes, max_connects, set_by)
    VALUES (:course, :version, :late_after_minutes, :absent_after_minutes, :low_engagement, :medium_engagement,
            :high_engagement, :short_session_minutes, :max_connects, :me)
""")
_OPEN = text("SELECT id FROM live_sessions WHERE course_id = :id AND status IN ('scheduled', 'active')")

Threshold = Annotated[float | None, Field(ge=0)]


class PolicyBody(CamelBody):
    """The thresholds to change; what is left out stays. ``version``, if given, must be the one that was seen."""

    late_after_minutes: Threshold = None
    absent_after_minutes: Threshold = None
    low_engagement: Threshold = None
    medium_engagement: Threshold = None
    high_engagement: Threshold = None
    short_session_minutes: Threshold = None
    max_connects: Annotated[int | None, Field(ge=1)] = None
    version: Annotated[int | None, Field(ge=0)] = None


class PolicyView(CamelView):
    """The thresholds, in minutes and percent. Version 0: the defaults."""

    late_after_minutes: float
    absent_after_minutes: float
    low_engagement: float
    medium_engagement: float
    high_engagement: float
    short_session_minutes: float
    max_connects: int
    version: int


async def read_policy(services: Services, who: Identity, course_id: UUID) -> PolicyView:
    """The policy that counts for a course; its teacher and admins only."""
    async with as_person(services, who) as connection:
        return _view(await _own(connection, who, course_id))


async def set_policy(services: Services, who: Identity, course_id: UUID, body: PolicyBody) -> PolicyView:
    """A new version, unless nothing changes. It applies to suggestions and check-ins from then on."""
    try:
        async with as_person(services, who) as connection:
            old = await _own(connection, who, course_id)
            new = _changed(old, body)
            if new == old:
                return _view(old)
            await connection.execute(_SET, {**asdict(new), "course": course_id, "me": who.user_id})
            touched = list((await connection.execute(_OPEN, {"id": course_id})).scalars())
    except IntegrityError as error:
        raise Refused(Code.POLICY_CHANGED) from error  # somebody else set this version first
    for session_id in touched:
        await spread(services, session_id)
    return _view(new)


async def _own(connection: AsyncConnection, who: Identity, course_id: UUID) -> Policy:
    mine = text(_COURSE.format(mine=MY_COURSES[who.role]))
    if (await connection.execute(mine, {"id": course_id, "me": who.user_id})).one_or_none() is None:
        raise Refused(Code.NOT_FOUND)
    require_staff(who)
    row = (await connection.execute(_CURRENT, {"id": course_id})).one_or_none()
    return DEFAULTS if row is None else Policy(**{name: getattr(row, name) for name in Policy.__dataclass_fields__})


def _changed(old: Policy, body: PolicyBody) -> Policy:
    """What the policy becomes. Raises 409 for another version than the one seen, 422 for thresholds without sense."""
    if body.version not in (None, old.version):
        raise Refused(Code.POLICY_CHANGED, version=old.version)
    wanted = {name: value for name, value in body.model_dump().items() if value is not None and name != "version"}
    new = replace(old, **wanted)
    if errors := policy_errors(new):
        raise malformed(*(FieldError(to_camel(name), message) for name, message in errors.items()))
    return old if new == old else replace(new, version=old.version + 1)


def _view(policy: Policy) -> PolicyView:
    return PolicyView(**asdict(policy))
