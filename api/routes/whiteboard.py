"""Presence over HTTP, for clients that keep no socket."""

from starlette.responses import Response

from api.connections import read_status
from api.endpoint import Call, Endpoint, view
from api.fields import SnakeBody
from api.problems import FieldError, malformed
from api.reporting import report
from api.whiteboard import HEARTBEAT, AcceptedView, ConnectionReport, ConnectionStatusView, HeartbeatReport
from shared.domain.words import Connection

SESSION = "/api/whiteboard/sessions/{session_id:uuid}"
TAG = "whiteboard-tracking"


class LogPage(SnakeBody):
    """Where in the list of events to go on: ``connection_logs_next`` of the last answer."""

    cursor: str | None = None


async def connect(call: Call) -> Response:
    """I am here."""
    return await _report(call, Connection.CONNECT)


async def heartbeat(call: Call) -> Response:
    """I am still here, and this is what I did."""
    activity = call.body.activity_type
    return await _report(call, Connection.HEARTBEAT, None if activity == HEARTBEAT else activity)


async def disconnect(call: Call) -> Response:
    """I leave. A page that closes may send this by ``sendBeacon`` with a realtime ticket and no body."""
    return await _report(call, Connection.DISCONNECT)


async def get_connection_status(call: Call) -> Response:
    """Who is connected, and what the audit list says."""
    return view(await read_status(call.services, call.who, call.path("session_id"), call.query.cursor))


async def _report(call: Call, event: Connection, activity: str | None = None) -> Response:
    session_id, body = call.path("session_id"), call.body
    if body is not None and body.session_id not in (None, session_id):
        raise malformed(FieldError("session_id", "is another session than the path's"))
    claimed = None if body is None else body.user_type
    point = await report(call.services, call.who, session_id, claimed, event, activity)
    accepted = AcceptedView(
        session_id=session_id,
        user_id=point.user_id,
        user_type=point.user_type,
        event=point.event,
        timestamp=point.at,
    )
    return view(accepted, 202)


_REFUSES = (403, 404, 409, 429, 503)

ENDPOINTS = [
    Endpoint(
        "POST",
        SESSION + "/heartbeat",
        heartbeat,
        TAG,
        {202: AcceptedView},
        _REFUSES,
        body=HeartbeatReport,
        own_limit=True,
    ),
    Endpoint(
        "POST",
        SESSION + "/connect",
        connect,
        TAG,
        {202: AcceptedView},
        _REFUSES,
        body=ConnectionReport,
        own_limit=True,
    ),
    Endpoint(
        "POST",
        SESSION + "/disconnect",
        disconnect,
        TAG,
        {202: AcceptedView},
        _REFUSES,
        body=ConnectionReport,
        takes_ticket=True,
        own_limit=True,
    ),
    Endpoint(
        "GET",
        SESSION + "/connection-status",
        get_connection_status,
        TAG,
        {200: ConnectionStatusView},
        (403, 404),
        query=LogPage,
    ),
]
