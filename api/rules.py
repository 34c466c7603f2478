"""A session's check-in rules: a fence, and what becomes of who is outside it or shares a device (2-http-api 2.1)."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.fields import CamelBody, CamelView
from api.news import spread
from api.opening import FenceBody, RulesBody, rule_columns
from api.ownership import as_person, require_staff
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


class RulesView(CamelView):
    """``refuse`` or ``flag``."""

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
        return _view((await connection.execute(_READ, {"id": session_id})).one())


async def set_rules(services: Services, who: Identity, session_id: UUID, body: CheckInRulesBody) -> CheckInRulesView:
    """Replace the rules of a session that is not over; they judge check-ins from then on."""
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id, lock=True)
        require_staff(who)
        if row.status.is_over:
            raise Refused(Code.SESSION_NOT_ACTIVE, "This session is over; its rules stay as they were.")
        await connection.execute(_WRITE, {"id": session_id, **rule_columns(body.geofence, body.check_in_rules)})
        shown = _view((await connection.execute(_READ, {"id": session_id})).one())
    await spread(services, session_id)
    return shown


def _view(row: Any) -> CheckInRulesView:
    fence = None
    if row.fence_latitude is not None:
        fence = FenceView(
            latitude=row.fence_latitude, longitude=row.fence_longitude, radius_meters=row.fence_radius_meters
        )
    return CheckInRulesView(geofence=fence, check_in_rules=RulesView(geofence=row.fence_rule, device=row.device_rule))
