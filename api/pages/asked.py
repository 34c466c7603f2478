"""The open calls that ask a student who has not answered yet: said on the pages where they are anyway."""

from sqlalchemy import text

from api.ownership import MY_SESSIONS, as_person
from api.pages.dates import clock
from api.pages.shapes import Asked
from api.services import Services
from shared.domain.words import Role
from shared.tokens import Identity

_ASKED = text(f"""
    SELECT s.id, s.class_name, c.closes_at FROM live_sessions s
    JOIN confirmation_calls c ON c.session_id = s.id AND c.closes_at > :now
    WHERE s.status = 'active' AND {MY_SESSIONS[Role.STUDENT]} AND :me = ANY(c.asked)
      AND NOT EXISTS (SELECT 1 FROM confirmations a WHERE a.call_id = c.id AND a.student_id = :me)
    ORDER BY c.closes_at
""")  # noqa: S608 - a fixed piece


async def asked_now(services: Services, who: Identity) -> list[Asked]:
    """The calls a student should answer; nobody else is asked."""
    if who.role is not Role.STUDENT:
        return []
    async with as_person(services, who) as connection:
        rows = await connection.execute(_ASKED, {"me": who.user_id, "now": services.now()})
        return [Asked(row.id, row.class_name, clock(row.closes_at, services.settings.zone)) for row in rows]
