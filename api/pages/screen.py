"""What every screen of a session shows: the session, its code, and where to type it."""

from typing import Any
from urllib.parse import urlsplit

from api import shortcodes
from api.codeview import view_code
from api.pages.dates import clock
from api.pages.shapes import LiveView
from api.services import Services
from api.sessions import SessionRow
from shared import keys
from shared.domain.words import Mode, SessionStatus


def session_view(services: Services, row: SessionRow) -> LiveView:
    """The session in words and campus time."""
    zone = services.settings.zone
    return LiveView(
        id=row.id,
        class_name=row.class_name,
        room=row.room,
        status=row.status,
        channel=keys.channel(row.id),
        time=clock(row.when, zone),
        started=None if row.started_at is None else clock(row.started_at, zone),
        ended=None if row.ended_at is None else clock(row.ended_at, zone),
        online=row.mode != Mode.IN_PERSON,
    )


async def code_now(services: Services, row: SessionRow) -> dict[str, Any] | None:
    """The code that is shown now, with the whole seconds it has left; None where none is shown."""
    facts = await services.facts.get(row.id) if row.status == SessionStatus.ACTIVE else None
    if facts is None:
        return None
    now = services.now()
    shown = view_code(services.secret, services.settings.public_url, facts, now)
    if shown.short_code is not None:
        await shortcodes.announce(services, facts, shown.short_code, shown.expires_at)
    left = (shown.expires_at - now).total_seconds()
    return {**shown.model_dump(by_alias=True, mode="json"), "secondsLeft": max(1, round(left))}


def typing_address(services: Services) -> str:
    """What a student types who has no camera: short, so without the scheme."""
    parts = urlsplit(services.settings.public_url)
    return f"{parts.netloc}{parts.path}/checkin"
