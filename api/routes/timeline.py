"""A session over time."""

from starlette.responses import Response

from api.endpoint import Call, Endpoint, view
from api.timeline import TimelineQuery, TimelineView, read_timeline


async def get_timeline(call: Call) -> Response:
    """Check-ins and connected students per bucket of ``bucket`` seconds, from the start to the end or to now."""
    shown = await read_timeline(call.services, call.who, call.path("session_id"), call.query.bucket)
    return view(shown, headers={"Cache-Control": "no-store"})


ENDPOINTS = [
    Endpoint(
        "GET",
        "/api/v1/sessions/{session_id:uuid}/timeline",
        get_timeline,
        "live",
        {200: TimelineView},
        (403, 404),
        query=TimelineQuery,
    ),
]
