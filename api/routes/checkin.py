"""The student's way: code → ticket → check-in."""

from starlette.responses import Response

from api import checkin
from api.auth import client_address, device_of, new_device, set_device_cookie
from api.checkin_bodies import CheckInRequest, TicketRequest
from api.endpoint import Call, Endpoint, view
from api.phones import phone_of
from api.views import CheckInView, TicketView


async def create_check_in_ticket(call: Call) -> Response:
    """Exchange a code for a personal single-use ticket, also before login; bound to this device's cookie."""
    device = device_of(call.request) or new_device(call.services)
    address = client_address(call.request)
    answer = view(await checkin.exchange(call.services, call.body, device, address, call.identity), 201)
    set_device_cookie(answer, device, call.services.settings)
    return answer


async def create_check_in(call: Call) -> Response:
    """Check in. 202 once it is safely kept; 200 with ``duplicate`` when it was accepted before."""
    phone = phone_of(call.request)
    shown = await checkin.check_in(call.services, call.who, call.path("session_id"), call.body, phone)
    return view(shown, 200 if shown.duplicate else 202)


ENDPOINTS = [
    Endpoint(
        "POST",
        "/api/v1/checkin/tickets",
        create_check_in_ticket,
        "live",
        {201: TicketView},
        (409, 410, 429, 503),
        body=TicketRequest,
        open_to_all=True,
    ),
    Endpoint(
        "POST",
        "/api/v1/sessions/{session_id:uuid}/attendance",
        create_check_in,
        "live",
        {202: CheckInView, 200: CheckInView},
        (403, 404, 409, 410, 429, 503),
        body=CheckInRequest,
        own_limit=True,
    ),
]
