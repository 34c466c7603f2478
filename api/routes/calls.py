"""Calls to confirm, and their answers."""

from starlette.responses import Response

from api import calls
from api.checkin_bodies import CheckInRequest
from api.endpoint import Call, Endpoint, view
from api.phones import phone_of

SESSION = "/api/v1/sessions/{session_id:uuid}"


async def create_call(call: Call) -> Response:
    """Ask all or some who are in the room to confirm that they are still there; starts new codes."""
    return view(await calls.call(call.services, call.who, call.path("session_id"), call.body), 201)


async def get_calls(call: Call) -> Response:
    """The calls of a session, with who has not answered; for its teacher and admins."""
    return view(await calls.list_calls(call.services, call.who, call.path("session_id")))


async def get_own_calls(call: Call) -> Response:
    """The calls to me."""
    return view(await calls.own_calls(call.services, call.who, call.path("session_id")))


async def create_confirmation(call: Call) -> Response:
    """Answer the open call with the code of the moment; evidence, never a mark."""
    phone = phone_of(call.request)
    return view(await calls.confirm(call.services, call.who, call.path("session_id"), call.body, phone), 202)


ENDPOINTS = [
    Endpoint(
        "POST", SESSION + "/calls", create_call, "live", {201: calls.CallView}, (403, 404, 409), body=calls.CallBody
    ),
    Endpoint("GET", SESSION + "/calls", get_calls, "live", {200: calls.CallList}, (403, 404)),
    Endpoint("GET", SESSION + "/calls/mine", get_own_calls, "live", {200: calls.OwnCallList}, (403, 404)),
    Endpoint(
        "POST",
        SESSION + "/confirmations",
        create_confirmation,
        "live",
        {202: calls.ConfirmationView},
        (403, 404, 409, 410, 429, 503),
        body=CheckInRequest,
        own_limit=True,
    ),
]
