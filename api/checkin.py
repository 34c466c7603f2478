"""The check-in: a code becomes a personal ticket, a ticket (or a code) becomes a check-in.

What the decision needs, and nothing else: the session's facts (remembered, see api/facts.py), the code's own
arithmetic, and one atomic step in Redis shared by every check-in of the moment (api/intake.py). No SQL.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from redis.exceptions import RedisError

from api.facts import SessionFacts
from api.fields import CamelBody, Moment
from api.problems import rate_limited, unavailable
from api.receipts import Outcome, Receipt
from api.services import Services
from api.views import CheckInView, TicketView
from shared import keys
from shared.domain.attendance import check_in_mark
from shared.domain.codes import MARGIN, ParsedToken, check_step, find_short_step, parse_token, tidy_short_code
from shared.domain.fence import Placed, Position, place
from shared.domain.refusals import Code, Refused
from shared.domain.tickets import (
    ID_BYTES,
    CheckInTicket,
    check_holder,
    fingerprint,
    from_millis,
    seal,
    to_millis,
    unseal,
)
from shared.domain.words import Role, Rule, SessionStatus, Via
from shared.ids import new_id
from shared.keyring import derive, under_any
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

SHORT_CODE_GRACE = timedelta(minutes=1)
"""How long a short code is still recognised after its step, to be called expired rather than unknown."""

Typed = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TicketRequest(CamelBody):
    """A scanned token or a typed short code."""

    token: Typed | None = None
    short_code: Typed | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.token is None) == (self.short_code is None):
            raise ValueError("token: give this or shortCode")
        return self


class Location(CamelBody):
    """Where the phone says it is. Judged only where the session has a fence, and never stored."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    accuracy_meters: Annotated[float, Field(ge=0, le=100_000)]

    @property
    def position(self) -> Position:
        """As the fence judges it."""
        return Position(self.latitude, self.longitude, self.accuracy_meters)


class CheckInRequest(CamelBody):
    """One of token, short code and ticket. ``scannedAt`` is the phone's clock: evidence only."""

    token: Typed | None = None
    short_code: Typed | None = None
    ticket: Typed | None = None
    location: Location | None = None
    scanned_at: Moment | None = None
    client_nonce: Typed | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.token, self.short_code, self.ticket)) != 1:
            raise ValueError("token: give this, shortCode or ticket")
        return self


@dataclass(frozen=True, slots=True)
class Phone:
    """What a request shows of the phone behind it: its device cookie, and whether it is in a campus network."""

    device: str | None = None
    on_campus: bool | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown to us, once found genuine: how, when, and how far into its step."""

    via: Via
    scanned_at: datetime
    step_age_ms: int
    ticket_id: bytes | None = None


async def exchange(
    services: Services, wanted: TicketRequest, device: str, address: str, who: Identity | None
) -> TicketView:
    """Exchange a code for a ticket that is bound to this device, and to the person where known.

    Without a login only failures count against device and address: a campus is one address, and neither its rush nor
    somebody who floods it with forged codes may keep a genuine scan out.
    """
    try:
        return await _exchange(services, wanted, device, who)
    except Refused as refused:
        if who is None and refused.code == Code.CODE_INVALID:
            limiter = services.limiter
            await limiter.count((limiter.tickets_per_device, device), (limiter.tickets_per_address, address))
        raise


async def _exchange(services: Services, wanted: TicketRequest, device: str, who: Identity | None) -> TicketView:
    now = _now(services)
    if wanted.token is not None:
        facts, step = await _scanned(services, wanted.token, now)
    else:
        facts, step = await _typed(services, wanted.short_code or "", now, str(who.user_id) if who else device)
    ticket = CheckInTicket(
        session_id=facts.id,
        scanned_at=now,
        ticket_id=secrets.token_bytes(ID_BYTES),
        device=fingerprint(device),
        user=fingerprint(str(who.user_id)) if who else bytes(8),
        step_age_ms=_age(facts, step, now),
    )
    return TicketView(
        ticket=seal(derive(services.secret, "check-in ticket"), ticket),
        session_id=facts.id,
        class_name=facts.class_name,
        scanned_at=ticket.scanned_at,
        expires_at=ticket.expires_at,
    )


def read_ticket(services: Services, text: str) -> CheckInTicket:
    """The genuine ticket behind a text; whether it may still be used is asked at check-in."""
    return under_any(services.secrets, lambda secret: unseal(derive(secret, "check-in ticket"), text))


def read_token(services: Services, token: str) -> ParsedToken:
    """The parts of a genuine scanned code."""
    return under_any(services.secrets, lambda secret: parse_token(secret, token))


async def check_in(
    services: Services, who: Identity, session_id: UUID, wanted: CheckInRequest, phone: Phone
) -> CheckInView:
    """Accept a check-in durably, or refuse it. ``duplicate`` in the answer: it was accepted before."""
    facts = await services.facts.get(session_id)
    if facts is None:
        raise Refused(Code.NOT_FOUND)
    if who.role != Role.STUDENT:
        raise Refused(Code.FORBIDDEN, "Only students check in.")
    if who.user_id.bytes not in facts.students:
        raise Refused(Code.NOT_ENROLLED)
    if facts.status != SessionStatus.ACTIVE or facts.start is None:
        raise Refused(Code.SESSION_NOT_ACTIVE)
    try:
        shown = await judge(services, who, facts, wanted, phone.device)
        placed = _place(facts, wanted.location)
    except Refused as refused:
        await services.intake.charge(who.user_id)
        return await _repeat(services, who, session_id, refused)
    event = CheckInAccepted(
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
    return await _accept(services, who, event)


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


async def _accept(services: Services, who: Identity, event: CheckInAccepted) -> CheckInView:
    verdict = await services.intake.accept(event)
    if verdict.outcome is Outcome.TOO_MANY:
        raise rate_limited(verdict.wait)
    if verdict.receipt is None:
        raise Refused(REFUSALS[verdict.outcome])
    return _view(event.session_id, who, verdict.receipt, duplicate=verdict.outcome is Outcome.DUPLICATE)


async def _repeat(services: Services, who: Identity, session_id: UUID, refused: Refused) -> CheckInView:
    """The first answer again, where a genuine code comes late from somebody who has checked in; else the refusal."""
    if refused.code in REPEATABLE and (first := await services.intake.first(session_id, who.user_id)):
        return _view(session_id, who, first, duplicate=True)
    raise refused


async def judge(
    services: Services, who: Identity, facts: SessionFacts, wanted: CheckInRequest, device: str | None
) -> Shown:
    """What was shown, if it is genuine, of this session, and in time."""
    now = _now(services)
    if wanted.ticket is not None:
        ticket = read_ticket(services, wanted.ticket)
        if ticket.session_id != facts.id:
            raise Refused(Code.CODE_INVALID)
        check_holder(ticket, device, str(who.user_id), now)
        return Shown(Via.TICKET, ticket.scanned_at, ticket.step_age_ms, ticket.ticket_id)
    if wanted.token is not None:
        parsed = read_token(services, wanted.token)
        if parsed.reference != facts.face.reference:
            raise Refused(Code.CODE_INVALID)
        check_step(facts.face, parsed.generation, parsed.step, now)
        return Shown(Via.TOKEN, now, _age(facts, parsed.step, now))
    step = await _guess(services, facts, wanted.short_code or "", now, str(who.user_id))
    return Shown(Via.SHORT_CODE, now, _age(facts, step, now))


async def _scanned(services: Services, token: str, now: datetime) -> tuple[SessionFacts, int]:
    parsed = read_token(services, token)
    facts = _running(await services.facts.by_reference(parsed.reference))
    check_step(facts.face, parsed.generation, parsed.step, now)
    return facts, parsed.step


async def _typed(services: Services, typed: str, now: datetime, guesser: str) -> tuple[SessionFacts, int]:
    """Which session shows this short code; it is known from the moment it is first shown (see announce)."""
    async with _one_guess(services, guesser):
        session_id = await _shown_by(services, typed)
        if session_id is None:
            raise Refused(Code.CODE_INVALID)
        facts = _running(await services.facts.get(session_id))
        return facts, await _find_step(services, facts, typed, now)


async def _guess(services: Services, facts: SessionFacts, typed: str, now: datetime, guesser: str) -> int:
    """The step of a code that was typed for one session."""
    async with _one_guess(services, guesser):
        return await _find_step(services, facts, typed, now)


@asynccontextmanager
async def _one_guess(services: Services, guesser: str) -> AsyncIterator[None]:
    """Counts a typed code before anything is compared, so that parallel guesses cannot slip through, and takes it
    back unless it was wrong."""
    rule = (services.limiter.codes_per_user, guesser)
    await services.limiter.count(rule)
    wrong = False
    try:
        yield
    except Refused as refused:
        wrong = refused.code == Code.CODE_INVALID
        raise
    finally:
        if not wrong:
            await services.limiter.give_back(rule)


async def _find_step(services: Services, facts: SessionFacts, typed: str, now: datetime) -> int:
    """The step of a typed code. Wrong ones count for the session too, right ones never, so a class is not locked out
    by one guesser before the session's own limit sends everybody to the QR code."""
    rule = (services.limiter.codes_per_session, str(facts.id))
    await services.limiter.check(rule)
    try:
        return under_any(services.secrets, lambda secret: find_short_step(secret, facts.face, typed, now))
    except Refused as refused:
        if refused.code != Code.CODE_INVALID:
            raise
        if await _shown_by(services, typed) == facts.id:
            raise Refused(Code.CODE_EXPIRED) from None  # of an earlier rhythm or generation
        await services.limiter.count(rule)
        raise


async def _shown_by(services: Services, typed: str) -> UUID | None:
    """The session that shows, or showed a moment ago, this short code."""
    try:
        named: Any = await services.redis.get(keys.short_code(tidy_short_code(typed)))
    except Refused:
        return None
    except RedisError:
        raise unavailable() from None
    return None if named is None else UUID(named.decode())


async def announce_short_code(services: Services, facts: SessionFacts, code: str, expires_at: datetime) -> None:
    """Let a typed code find its session: from when it is first shown until it has long expired."""
    life = expires_at - services.now() + MARGIN + SHORT_CODE_GRACE
    try:
        await services.redis.set(keys.short_code(code), str(facts.id), px=max(1, int(life.total_seconds() * 1000)))
    except RedisError:
        return  # the QR code works without it


def _running(facts: SessionFacts | None) -> SessionFacts:
    if facts is None:
        raise Refused(Code.CODE_INVALID)
    if facts.status != SessionStatus.ACTIVE:
        raise Refused(Code.SESSION_NOT_ACTIVE)
    return facts


def _now(services: Services) -> datetime:
    """Server time in whole milliseconds: what tickets carry, so that every way to check in is judged alike."""
    return from_millis(to_millis(services.now()))


def _age(facts: SessionFacts, step: int, now: datetime) -> int:
    begun = facts.face.step_end(step) - timedelta(seconds=facts.face.rotate_seconds)
    return max(0, (now - begun) // timedelta(milliseconds=1))


def _view(session_id: UUID, who: Identity, receipt: Receipt, *, duplicate: bool) -> CheckInView:
    return CheckInView(
        check_in_id=receipt.check_in_id,
        session_id=session_id,
        student_id=who.user_id,
        timestamp=receipt.timestamp,
        status=receipt.status.lower(),
        duplicate=duplicate,
    )
