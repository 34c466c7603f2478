"""What somebody shows to prove that they are there: a scanned code, a typed one, or a ticket made from either.

Judged by the code's own arithmetic and the session's remembered facts: genuine, of this session, and in time.
"""

import secrets
from datetime import datetime

import msgspec

from api import shortcodes
from api.checkin_bodies import CheckInRequest, TicketRequest
from api.facts import SessionFacts
from api.services import Services
from shared.domain.codes import ParsedToken, check_step, parse_token
from shared.domain.refusals import Code, Refused
from shared.domain.tickets import ID_BYTES, CheckInTicket, check_holder, fingerprint, seal, unseal, whole_millis
from shared.domain.words import SessionStatus, Via
from shared.keyring import derive, under_any
from shared.tokens import Identity


class Phone(msgspec.Struct, frozen=True):
    """What a request shows of the phone behind it: its device cookie, and whether it is in a campus network."""

    device: str | None = None
    on_campus: bool | None = None


class Shown(msgspec.Struct, frozen=True):
    """What was shown to us, once found genuine: how, when, and how far into its step.

    The time is kept to the millisecond, as tickets carry it, so that whoever comes by either way is late or not alike.
    """

    via: Via
    scanned_at: datetime
    step_age_ms: int
    ticket_id: bytes | None = None


async def judge(
    services: Services, who: Identity, facts: SessionFacts, wanted: CheckInRequest, device: str | None
) -> Shown:
    """What was shown, if it is genuine, of this session, and in time."""
    now = services.now()
    if wanted.ticket is not None:
        return _ticket(services, facts, wanted.ticket, device, who, now)
    if wanted.token is not None:
        parsed = read_token(services, wanted.token)
        if parsed.reference != facts.face.reference:
            raise Refused(Code.CODE_INVALID)
        check_step(facts.face, parsed.generation, parsed.step, now)
        return Shown(Via.TOKEN, whole_millis(now), facts.face.age_ms(parsed.step, now))
    async with shortcodes.one_guess(services, str(who.user_id)):
        step = await shortcodes.find_step(services, facts, wanted.short_code or "", now)
    return Shown(Via.SHORT_CODE, whole_millis(now), facts.face.age_ms(step, now))


async def make_ticket(
    services: Services, wanted: TicketRequest, device: str, who: Identity | None
) -> tuple[str, CheckInTicket, SessionFacts]:
    """A ticket for a genuine code, bound to this device and to the person where known: its text, and what it says."""
    now = services.now()
    if wanted.token is not None:
        facts, step = await _scanned(services, wanted.token, now)
    else:
        facts, step = await _typed(services, wanted.short_code or "", now, str(who.user_id) if who else device)
    ticket = CheckInTicket(
        session_id=facts.id,
        scanned_at=whole_millis(now),
        ticket_id=secrets.token_bytes(ID_BYTES),
        device=fingerprint(device),
        user=fingerprint(str(who.user_id)) if who else bytes(8),
        step_age_ms=facts.face.age_ms(step, now),
    )
    return seal(derive(services.secret, "check-in ticket"), ticket), ticket, facts


def read_ticket(services: Services, text: str) -> CheckInTicket:
    """The genuine ticket behind a text; whether it may still be used is asked at check-in."""
    return under_any(services.secrets, lambda secret: unseal(derive(secret, "check-in ticket"), text))


def read_token(services: Services, token: str) -> ParsedToken:
    """The parts of a genuine scanned code."""
    return under_any(services.secrets, lambda secret: parse_token(secret, token))


def _ticket(
    services: Services, facts: SessionFacts, text: str, device: str | None, who: Identity, now: datetime
) -> Shown:
    ticket = read_ticket(services, text)
    if ticket.session_id != facts.id:
        raise Refused(Code.CODE_INVALID)
    check_holder(ticket, device, str(who.user_id), now)
    return Shown(Via.TICKET, ticket.scanned_at, ticket.step_age_ms, ticket.ticket_id)


async def _scanned(services: Services, token: str, now: datetime) -> tuple[SessionFacts, int]:
    parsed = read_token(services, token)
    facts = _running(await services.facts.by_reference(parsed.reference))
    check_step(facts.face, parsed.generation, parsed.step, now)
    return facts, parsed.step


async def _typed(services: Services, typed: str, now: datetime, guesser: str) -> tuple[SessionFacts, int]:
    async with shortcodes.one_guess(services, guesser):
        session_id = await shortcodes.shown_by(services, typed)
        if session_id is None:
            raise Refused(Code.CODE_INVALID)
        facts = _running(await services.facts.get(session_id))
        return facts, await shortcodes.find_step(services, facts, typed, now)


def _running(facts: SessionFacts | None) -> SessionFacts:
    if facts is None:
        raise Refused(Code.CODE_INVALID)
    if facts.status != SessionStatus.ACTIVE:
        raise Refused(Code.SESSION_NOT_ACTIVE)
    return facts
