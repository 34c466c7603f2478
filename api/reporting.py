"""Presence reported over HTTP: connect, heartbeat, disconnect (2-http-api 2.2).

The same durable way as a check-in and the same union as a socket's points. Role and person come from the token; the
body can only agree. No SQL: the session's facts are remembered.
"""

from datetime import datetime
from uuid import UUID

from api.facts import SessionFacts
from api.services import Services
from shared.domain.lifecycle import opens_at, takes_events
from shared.domain.refusals import Code, Refused
from shared.domain.words import Connection, UserType
from shared.messages.events import PointProven
from shared.tokens import Identity


def part_of(facts: SessionFacts, who: Identity) -> UserType:
    """The part a person takes in a session; ``forbidden`` for those who take none."""
    if who.user_id == facts.teacher_id:
        return UserType.TUTOR
    if who.user_id.bytes in facts.students:
        return UserType.STUDENT
    raise Refused(Code.FORBIDDEN, "You do not take part in this session.")


def require_open(facts: SessionFacts, now: datetime) -> None:
    """Refuse events of a session that takes none: ``session_not_active``."""
    if not takes_events(facts.status, opens_at(facts.mode, facts.scheduled_start), now):
        raise Refused(Code.SESSION_NOT_ACTIVE, "This session takes no connection events now.")


async def report(
    services: Services,
    who: Identity,
    session_id: UUID,
    claimed: UserType | None,
    event: Connection,
    activity: str | None = None,
) -> PointProven:
    """Keep one reported point, at server time. ``claimed`` is the body's ``user_type``, if any."""
    facts = await services.facts.get(session_id)
    if facts is None:
        raise Refused(Code.NOT_FOUND)
    part = part_of(facts, who)
    if claimed not in (None, part):
        raise Refused(Code.FORBIDDEN, f"You take part in this session as {part}.")
    now = services.now()
    require_open(facts, now)
    point = PointProven(session_id, who.user_id, part, event, now, activity)
    await services.witness.keep(point)
    return point
