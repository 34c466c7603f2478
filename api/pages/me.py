"""A student's own page, and how one of the marks on it came about."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.history import read_mark_history
from api.history_views import MarkChange, MarkHistoryPage
from api.pages.dates import Gettext, clock, short_day
from api.pages.meetings import online_today
from api.pages.people import for_roles, home_of, person_of
from api.pages.record import read_record
from api.pages.rendering import page
from api.pages.shapes import ChangeLine
from api.pages.texts import language_of
from api.services import Services
from shared.domain.words import Role
from shared.tokens import Identity

MOST_CHANGES = 100


@for_roles((Role.STUDENT,))
async def show(request: Request, who: Identity) -> Response:
    """``/me``: one's own history with rates, sources and evidence."""
    services: Services = request.app.state.services
    language = language_of(request)
    translate = language.translations.gettext
    values = {
        "person": await person_of(services, who),
        "online": await online_today(services, who),
        "record": await read_record(services, who, who.user_id, request.query_params.get("cursor"), translate),
    }
    return page(request, "record/me.html", values)


@for_roles((Role.STUDENT, Role.PARENT))
async def changes(request: Request, who: Identity) -> Response:
    """``/marks/{id}``: every change of a mark, for its student and their parents."""
    services: Services = request.app.state.services
    language = language_of(request)
    record_id: UUID = request.path_params["record_id"]
    history = await read_mark_history(services, who, record_id, MarkHistoryPage(limit=MOST_CHANGES))
    values = {
        "person": await person_of(services, who),
        "changes": [_shown(services, change, language.translations.gettext) for change in history.items],
        "back": "/me" if who.role is Role.STUDENT else home_of(who.role),
    }
    return page(request, "record/changes.html", values)


def _shown(services: Services, change: MarkChange, translate: Gettext) -> ChangeLine:
    zone = services.settings.zone
    return ChangeLine(
        before=change.old_status and change.old_status.lower(),
        after=change.new_status and change.new_status.lower(),
        source=change.source,
        reason=change.reason,
        by=None if change.changed_by is None else change.changed_by.name,
        day=short_day(change.changed_at.astimezone(zone).date(), translate),
        time=clock(change.changed_at, zone),
    )
