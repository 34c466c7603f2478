"""Reading the record."""

from starlette.responses import Response

from api import history
from api.endpoint import Call, Endpoint, view
from api.history_views import HistoryPage, MarkHistory, MarkHistoryPage, SessionHistory
from api.plain import PLAIN


async def get_session_history(call: Call) -> Response:
    """What became of a session and of its marks, newest first; for its teacher and admins."""
    return view(await history.read_session_history(call.services, call.who, call.path("session_id"), call.query))


async def get_mark_history(call: Call) -> Response:
    """What became of one mark, also of a deleted one; for its student, their parents, its teacher and admins."""
    return view(await history.read_mark_history(call.services, call.who, call.path("record_id"), call.query))


ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/v1/sessions/{session_id:uuid}/history",
        get_session_history,
        "live",
        {200: SessionHistory},
        (403, 404),
        query=HistoryPage,
    ),
    Endpoint(
        "GET",
        "/api/attendance/{record_id:uuid}/history/",
        get_mark_history,
        "attendance-records",
        {200: MarkHistory},
        (403, 404),
        query=MarkHistoryPage,
        family=PLAIN,
    ),
]
