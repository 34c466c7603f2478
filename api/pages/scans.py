"""A scan that waits: the ticket a code was exchanged for, carried in a cookie across the login.

Not in the URL, which would be logged and shared; the ticket is single-use and bound to this device anyway.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from api.auth import client_address, cookie_identity, device_of, new_device, set_device_cookie
from api.checkin import exchange
from api.checkin_bodies import TicketRequest
from api.facts import SessionFacts
from api.headers import cookie
from api.pages.dates import clock
from api.pages.people import go
from api.pages.shapes import Scan
from api.problems import AWAY, note
from api.services import Services
from api.shown import read_ticket
from shared.domain.refusals import Refused
from shared.domain.tickets import LIFE, CheckInTicket

COOKIE = "muster_scan"
KEPT = LIFE + timedelta(minutes=3)
"""Longer than the ticket lives, so that a login that took too long is explained and not forgotten."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket with the session it is for."""

    text: str
    ticket: CheckInTicket
    facts: SessionFacts

    def scan(self, services: Services) -> Scan:
        """As the page shows it."""
        left = self.ticket.expires_at - services.now()
        return Scan(
            ticket=self.text,
            session_id=self.facts.id,
            class_name=self.facts.class_name,
            room=self.facts.room,
            time=clock(self.ticket.scanned_at, services.settings.zone),
            seconds_left=max(0, int(left.total_seconds())),
            asks_place=self.facts.fence is not None,
        )

    def ended(self, now: datetime) -> bool:
        """Whether it is too late to use it."""
        return now > self.ticket.expires_at


async def take(request: Request, wanted: TicketRequest) -> Response:
    """Exchange a code for a ticket and go on to the one tap. Raises the refusal of a bad code."""
    services: Services = request.app.state.services
    device = device_of(request) or new_device(request.app.state.services)
    who = await cookie_identity(request)
    view = await exchange(services, wanted, device, client_address(request), who)
    answer = go("/checkin")
    set_device_cookie(answer, device, services.settings)
    answer.set_cookie(
        COOKIE,
        view.ticket,
        max_age=int(KEPT.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=services.settings.secure_cookies,
    )
    return answer


async def find(request: Request, text: str | None) -> Waiting | None:
    """The genuine ticket behind a text, with its session; None for anything else."""
    services: Services = request.app.state.services
    try:
        ticket = read_ticket(services, text or "")
    except Refused:
        return None
    facts = await services.facts.get(ticket.session_id)
    return None if facts is None else Waiting(text or "", ticket, facts)


async def held(request: Request) -> Waiting | None:
    """The scan in this browser's cookie, if there is one."""
    return await find(request, cookie(request, COOKIE))


async def waiting(request: Request) -> Scan | None:
    """A scan that can still be used, for the login page to promise; a page that may do without it."""
    try:
        kept = await held(request)
    except AWAY as error:
        note(error)
        return None
    services: Services = request.app.state.services
    return None if kept is None or kept.ended(services.now()) else kept.scan(services)


def forget(answer: Response) -> Response:
    """The scan is spent."""
    answer.delete_cookie(COOKIE)
    return answer
