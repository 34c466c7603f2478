"""A session's check-in rules: a fence, what becomes of who is outside it or shares a device (2-http-api 2.1), and
the calls to confirm that it makes by itself (docs/calls.md)."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.call_rules import CallRulesView, read_call_rules, write_call_rules
from api.fields import CamelBody, CamelView
from api.news import spread
from api.opening import EXIT_CHECK, NO_PLANNED_END, FenceBody, RulesBody, rule_columns
from api.ownership import as_person, require_staff
from api.problems import FieldError, malformed
from api.services import Services
from api.sessions import load
from shared.domain.refusals import Code, Refused
from shared.tokens import Identity

_READ = text("""
    SELECT fence_latitude, fence_longitude, fence_radius_meters, fence_rule, device_rule
    FROM live_sessions WHERE id = :id
""")
_WRITE = text("""
    UPDATE live_sessions
    SET fence_latitude = :fence_latitude, fence_longitude = :fence_longitude,
        fence_radius_meters = :fence_radius_meters, fence_rule = :fence_rule, device_rule = :device_rule
    WHERE id = :id
""")


class CheckInRulesBody(CamelBody):
    """All rules at once, as :class:`CheckInRulesView` shows them; no fence: location is not asked."""

    geofence: FenceBody | None = None
    check_in_rules: RulesBody = RulesBody()


class FenceView(CamelView):
    """A circle on the ground, in degrees and metres."""

    latitude: float
    longitude: float
    radius_meters: float


class RulesView(CallRulesView):
    """``refuse`` or ``flag``, and the calls the session makes by itself."""

    geofence: str
    device: str


class CheckInRulesView(CamelView):
    """The rules that count now."""

    geofence: FenceView | None
    check_in_rules: RulesView


async def read_rules(services: Services, who: Identity, session_id: UUID) -> CheckInRulesView:
    """The rules of a session; its teacher and admins only."""
    async with as_person(services, who) as connection:
        await load(connection, who, session_id)
        require_staff(who)
        return await _read(connection, session_id)


async def set_rules(services: Services, who: Identity, session_id: UUID, body: CheckInRulesBody) -> CheckInRulesView:
    """Replace the rules of a session that is not over; they judge check-ins from then on."""
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id, lock=True)
        require_staff(who)
        if row.status.is_over:
            raise Refused(Code.SESSION_NOT_ACTIVE, "This session is over; its rules stay as they were.")
        rules = body.check_in_rules
        if rules.exit_check and row.scheduled_end is None:
            raise malformed(FieldError(EXIT_CHECK, NO_PLANNED_END))
        await connection.execute(_WRITE, {"id": session_id, **rule_columns(body.geofence, rules)})
        await write_call_rules(connection, session_id, rules.recheck, rules.exit_check)
        shown = await _read(connection, session_id)
    await spread(services, session_id)
    return shown


async def _read(connection: AsyncConnection, session_id: UUID) -> CheckInRulesView:
    row = (await connection.execute(_READ, {"id": session_id})).one()
    calls = await read_call_rules(connection, session_id)
    fence = None
    if row.fence_latitude is not None:
        fence = FenceView(
            latitude=row.fence_latitude, longitude=row.fence_longitude, radius_meters=row.fence_radius_meters
        )
    rules = RulesView(
        geofence=row.fence_rule, device=row.device_rule, recheck=calls.recheck, exit_check=calls.exit_check
    )
    return CheckInRulesView(geofence=fence, check_in_rules=rules)
