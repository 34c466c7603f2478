"""The stage's long export: its page, and what the API says of it."""

from types import SimpleNamespace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.pages.rendering import page
from tests.browser.stage.pages import SECTION_A, TEACHER
from tests.browser.stage.world import SESSION, World

PAGE = f"/teach/sessions/{SESSION}/exports/1"
API = f"/api/v1/sessions/{SESSION}/exports/1"


async def show(request: Request) -> Response:
    """The page, as far as the export is."""
    world: World = request.app.state.world
    late = request.query_params.get("state") == "late"
    told = {"url": API, "path": PAGE, "format": "xlsx", "total": 48_000, "until": "09:30", "late": late}
    export = None if world.export == "gone" else {**told, "status": world.export, "rows": world.exported}
    session = SimpleNamespace(id=SESSION, class_name=SECTION_A)
    return page(request, "teach/export.html", {"person": TEACHER, "session": session, "export": export, "hours": 24})


async def say(request: Request) -> Response:
    """The same as data; refused as often as the world says."""
    world: World = request.app.state.world
    if world.answers:
        return JSONResponse({"code": "refused"}, world.answers.pop(0))
    return JSONResponse({"status": world.export, "rowsDone": world.exported, "rowsTotal": 48_000})


export_routes = [Route(PAGE, show), Route(API, say)]
