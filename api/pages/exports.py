"""Taking the roll away: a short one at once, a long one by way of a page that says how far it is and then offers it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.body import parse_query
from api.exports import ExportQuery, ExportView, export_roll, read_export, send_export
from api.pages.dates import clock
from api.pages.people import for_staff, go, person_of
from api.pages.rendering import page
from api.services import Services
from api.sessions import SessionRow, find
from shared.domain.refusals import Code, Refused
from shared.tokens import Identity

PATIENCE = timedelta(seconds=30)
"""The schedule calls a worker every 10 s should a nudge be lost: after this long somebody wants to know why."""


@for_staff
async def take(request: Request, who: Identity) -> Response:
    """``/teach/sessions/{id}/export?format=``: the file, or on to the page of the export that will be one."""
    session_id: UUID = request.path_params["session_id"]
    wanted = parse_query(request.query_params, ExportQuery)
    answer = await export_roll(request.app.state.services, who, session_id, wanted.format)
    return go(f"/teach/sessions/{session_id}/exports/{answer.id}") if isinstance(answer, ExportView) else answer


@for_staff
async def progress(request: Request, who: Identity) -> Response:
    """``/teach/sessions/{id}/exports/{export}``: waiting, done, failed or gone."""
    return await _page(request, who)


@for_staff
async def download(request: Request, who: Identity) -> Response:
    """The file; before it is done, and after it has gone, the page says so."""
    session_id, export_id = (request.path_params[name] for name in ("session_id", "export_id"))
    try:
        return await send_export(request.app.state.services, who, session_id, export_id)
    except Refused as refused:
        if refused.code == Code.EXPORT_NOT_READY:
            return go(f"/teach/sessions/{session_id}/exports/{export_id}")
        if refused.code != Code.NOT_FOUND:
            raise
    return await _page(request, who)


async def _page(request: Request, who: Identity) -> Response:
    services: Services = request.app.state.services
    row = await find(services, who, request.path_params["session_id"])
    export = await _export(services, who, row, request.path_params["export_id"])
    values = {
        "person": await person_of(services, who),
        "session": row,
        "export": None if export is None else _shown(services, export),
        "hours": services.settings.export_hours,
    }
    return page(request, "teach/export.html", values, 404 if export is None else 200)


async def _export(services: Services, who: Identity, row: SessionRow, export_id: UUID) -> ExportView | None:
    try:
        return await read_export(services, who, row.id, export_id)
    except Refused as refused:
        if refused.code != Code.NOT_FOUND:
            raise
    return None


def _shown(services: Services, export: ExportView) -> dict[str, Any]:
    """``late``: nothing has been written for longer than it takes to begin."""
    waited = services.now() - export.requested_at
    return {
        "url": export.url,
        "path": f"/teach/sessions/{export.session_id}/exports/{export.id}",
        "format": export.format,
        "status": export.status,
        "rows": export.rows_done,
        "total": export.rows_total,
        "late": export.rows_done == 0 and waited > PATIENCE,
        "until": clock(export.expires_at, services.settings.zone),
    }
