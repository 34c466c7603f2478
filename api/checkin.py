"""The check-in: a code becomes a personal ticket, a ticket (or a code) becomes a check-in.

What the decision needs, and nothing else: the session's facts (remembered, see api/facts.py), the code's own
arithmetic (api/shown.py), and one atomic step in Redis shared by every check-in of the moment (api/intake.py). No SQL.
"""

from uuid import UUID

from api.checkin_bodies import CheckInRequest, Location, TicketRequest
from api.facts import SessionFacts
from api.problems import rate_limited
from api.receipts import Outcome, Receipt
from api.services import Services
from api.shown import Phone, Shown, judge, make_ticket
from api.views import CheckInView, TicketView
from shared.domain.attendance import check_in_mark
from shared.domain.fence import Placed, place
from shared.domain.refusals import Code, Refused
from shared.domain.tickets import fingerprint
from shared.domain.words import Role, Rule, SessionStatus
from shared.ids import new_id
from shared.messages.events import CheckInAccepted
from shared.tokens import Identity

REPEATABLE = frozenset(
    {
        Code.CODE_EXPIRED,
        Code.CODE_HIDDEN,
        Code.CODE_ALREADY_USED,
        Code.LOCATION_REQUIRED,
        Code.OUTSIDE_GEOFENCE,
    }
)
"""Refusals of a genuine code that do not matter to somebody who has checked in already."""

REFUSALS = {
    Outcome.TICKET_USED: Code.CODE_ALREADY_USED,
    Outcome.DEVICE_USED: Code.DEVICE_ALREADY_USED,
    Outcome.NOT_ACTIVE: Code.SESSION_NOT_ACTIVE,
    Outcome.UNKNOWN: Code.UNAVAILABLE,
}


async def exchange(
    services: Services, wanted: TicketRequest, device: str, address: str, who: Identity | None
) -> TicketView:
    """Exchange a code for a ticket that is bound to this device, and to the person where known.

    Without a login only failures count against device and address: a campus is one address, and neither its rush nor
    somebody who floods it with forged codes may keep a genuine scan out.
    """
    try:
        text, ticket, facts = await make_ticket(services, wanted, device, who)
    except Refused as refused:
        if who is None and refused.code == Code.CODE_INVALID:
            limiter = services.limiter
            await limiter.count((limiter.tickets_per_device, device), (limiter.tickets_per_address, address))
        raise
    return TicketView(
        ticket=text,
        session_id=facts.id,
        class_name=facts.class_name,
        scanned_at=ticket.scanned_at,
        expires_at=ticket.expires_at,
    )


async def check_in(
    services: Services, who: Identity, session_id: UUID, wanted: CheckInRequest, phone: Phone
) -> CheckInView:
    """Accept a check-in durably, or refuse it. ``duplicate`` in the answer: it was accepted before."""
    facts = _open_to(await services.facts.get(session_id), who)
    try:
        shown = await judge(services, who, facts, wanted, phone.device)
        placed = _place(facts, wanted.location)
    except Refused as refused:
        await services.intake.charge(who.user_id)
        return await _repeat(services, who, session_id, refused)
    event = _accepted(services, who, facts, wanted, phone, shown, placed)
    verdict = await services.intake.accept(event)
    if verdict.outcome is Outcome.TOO_MANY:
        raise rate_limited(verdict.wait)
    if verdict.receipt is None:
        raise Refused(REFUSALS[verdict.outcome])
    return _view(session_id, who, verdict.receipt, duplicate=verdict.outcome is Outcome.DUPLICATE)


def _open_to(facts: SessionFacts | None, who: Identity) -> SessionFacts:
    """The facts of a session that this person may check in to now."""
    if facts is None:
        raise Refused(Code.NOT_FOUND)
    if who.role != Role.STUDENT:
        raise Refused(Code.FORBIDDEN, "Only students check in.")
    if who.user_id.bytes not in facts.students:
        raise Refused(Code.NOT_ENROLLED)
    if facts.status != SessionStatus.ACTIVE or facts.start is None:
        raise Refused(Code.SESSION_NOT_ACTIVE)
    return facts


def _place(facts: SessionFacts, location: Location | None) -> Placed | None:
    """Where the phone is in relation to the fence; None without a fence, or where a missing location is let pass."""
    if facts.fence is None:
        return None
    if location is None:
        if facts.fence_rule is Rule.REFUSE:
            raise Refused(Code.LOCATION_REQUIRED)
        return None
    placed = place(facts.fence, location.position)
    if not placed.inside and facts.fence_rule is Rule.REFUSE:
        raise Refused(Code.OUTSIDE_GEOFENCE)
    return placed


def _accepted(
    services: Services,
    who: Identity,
    facts: SessionFacts,
    wanted: CheckInRequest,
    phone: Phone,
    shown: Shown,
    placed: Placed | None,
) -> CheckInAccepted:
    assert facts.start is not None, "an active session has started"
    return CheckInAccepted(
        id=new_id(),
        session_id=facts.id,
        student_id=who.user_id,
        status=check_in_mark(shown.scanned_at, facts.start, facts.late_after_minutes),
        via=shown.via,
        scanned_at=shown.scanned_at,
        accepted_at=services.now(),
        ticket_id=shown.ticket_id,
        step_age_ms=shown.step_age_ms,
        client_scanned_at=wanted.scanned_at,
        device=fingerprint(phone.device) if phone.device else None,
        inside=placed and placed.inside,
        distance_meters=placed and placed.distance_meters,
        on_campus=phone.on_campus,
        one_student_per_device=facts.device_rule is Rule.REFUSE,
    )


async def _repeat(services: Services, who: Identity, session_id: UUID, refused: Refused) -> CheckInView:
    """The first answer again, where a genuine code comes late from somebody who has checked in; else the refusal."""
    if refused.code in REPEATABLE and (first := await services.intake.first(session_id, who.user_id)):
        return _view(session_id, who, first, duplicate=True)
    raise refused


def _view(session_id: UUID, who: Identity, receipt: Receipt, *, duplicate: bool) -> CheckInView:
    return CheckInView(
        check_in_id=receipt.check_in_id,
        session_id=session_id,
        student_id=who.user_id,
        timestamp=receipt.timestamp,
        status=receipt.status.lower(),
        duplicate=duplicate,
    )
