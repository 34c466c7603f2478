"""A session's roll as a file, at once or when a worker has written it."""

from starlette.responses import Response

from api.endpoint import Call, Endpoint, view
from api.exports import ExportQuery, ExportView, export_roll, read_export, send_export
from shared.sheets import SheetFormat

SESSION = "/api/v1/sessions/{session_id:uuid}"
SHEETS = tuple(form.media_type.partition(";")[0] for form in SheetFormat)


async def get_export(call: Call) -> Response:
    """The roll as CSV or XLSX. A long one is written in the background: 202, and where to ask for it."""
    answer = await export_roll(call.services, call.who, call.path("session_id"), call.query.format)
    return view(answer, 202, {"Location": answer.url}) if isinstance(answer, ExportView) else answer


async def get_export_progress(call: Call) -> Response:
    """How far an export that is written in the background is; ``fileUrl`` once it is done."""
    return view(await read_export(call.services, call.who, call.path("session_id"), call.path("export_id")))


async def get_export_file(call: Call) -> Response:
    """The file of an export that is done."""
    return await send_export(call.services, call.who, call.path("session_id"), call.path("export_id"))


ENDPOINTS = [
    Endpoint(
        "GET",
        SESSION + "/export",
        get_export,
        "live",
        {200: SHEETS, 202: ExportView},
        (403, 404, 503),
        query=ExportQuery,
    ),
    Endpoint(
        "GET",
        SESSION + "/exports/{export_id:uuid}",
        get_export_progress,
        "live",
        {200: ExportView},
        (403, 404),
    ),
    Endpoint(
        "GET",
        SESSION + "/exports/{export_id:uuid}/file",
        get_export_file,
        "live",
        {200: SHEETS},
        (403, 404, 409),
    ),
]
