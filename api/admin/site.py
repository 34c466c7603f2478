"""The site: starlette-admin put together for Muster, behind the door."""

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette_admin import BaseAdmin, CustomView, DropDown
from starlette_admin.auth import AdminUser, BaseAuthProvider
from starlette_admin.i18n import TimezoneConfig
from starlette_admin.routing import route
from starlette_admin.theme import DefaultTheme, TablerSettings

from api.admin.door import Door
from api.admin.fields import word_icon, word_of
from api.admin.templates import loaders
from api.admin.tree import menu
from api.admin.visit import visit_of
from api.pages.people import told_in_pages
from shared.keyring import derive
from shared.models import DeadLetter
from shared.settings import Settings

PATH = "/admin"


class Look(DefaultTheme):
    """The library's own, and a shape for each word."""

    def template_globals(self) -> dict[str, Any]:
        """What our templates use."""
        return {"word_icon": word_icon, "word_of": word_of}


class Known(BaseAuthProvider):
    """The person whom the door let in."""

    async def authenticate(self, request: Request) -> AdminUser | None:
        """Their name, for the header; None for the library's own files, which the door lets pass."""
        return AdminUser(visit_of(request).name) if hasattr(request.state, "visit") else None


class Start(CustomView):
    """Where one begins: every table with what it is for, and what waits for somebody."""

    add_to_menu = False

    def __init__(self, headings: Sequence[DropDown]) -> None:
        super().__init__()
        self.headings = headings

    @route("", name="index")
    async def index(self, request: Request) -> Response:
        """The page."""
        letters = select(func.count()).select_from(select(DeadLetter.id).limit(1_000).subquery())
        waiting = (await visit_of(request).connection.execute(letters)).scalar_one()
        values: dict[str, Any] = {"title": "Admin", "headings": self.headings, "waiting": waiting}
        assert self._admin is not None
        return self._admin._template_response(request, "muster/start.html", values)


def admin_site(settings: Settings) -> Mount:
    """The admin interface, to be mounted into the application."""
    # What it logs of requests (search terms, values of forms) names people; what fails is logged by us.
    logging.getLogger("starlette_admin").setLevel(logging.CRITICAL)
    headings = menu()
    site = BaseAdmin(
        title="Muster admin",
        base_url=PATH,
        index_view=Start(headings),
        additional_loaders=loaders(),
        templates_dir="",
        theme=Look(TablerSettings(base="slate", primary="teal")),
        auth_provider=Known(),
        secret_key=derive(settings.secret_key.get_secret_value().encode(), "admin pages").hex(),
        timezone_config=TimezoneConfig(default_timezone=settings.time_zone, use_user_locale_timezone=False),
    )
    for heading in headings:
        site.add_view(heading)
    outside = Starlette()
    site.mount_to(outside)
    return Mount(PATH, app=Door(site.app), name="admin", middleware=[told_in_pages])
