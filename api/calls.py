"""Calls to confirm: a random re-check or an exit check, and students' answers (docs/calls.md).

A call starts new codes, so an answer shows a code that nobody has seen before; it takes the way of every event and
ends as evidence beside the check-in. It never changes a mark.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.call_rules import AnswerSeconds, Share
from api.checkin_bodies import CheckInRequest
from api.facts import Call
from api.fields import CamelBody, CamelView
from api.news import spread, tell
from api.ownership import as_person, require_staff
from api.services import Services
from api.sessions import load
from api.shown import Phone, judge
from shared import keys
from shared.calling import CALL, IN_THE_ROOM, NEW_CODES, OPEN, new_call
from shared.domain.refusals import Code, Refused
from shared.domain.words import CallKind, Role, SessionStatus
from shared.messages.events import ConfirmationCalled, Confirmed
from shared.tokens import Identity

_CALLS = text("""
    SELECT c.id, c.kind, c.called_by IS NULL AS by_rule, c.called_at, c.closes_at, cardinality(c.asked) AS asked,
           (SELECT count(*) FROM confirmations a WHERE a.call_id = c.id) AS confirmed,
           ARRAY(SELECT unnest(c.asked) EXCEPT SELECT a.student_id FROM confirmations a WHERE a.call_id = c.id
                 ORDER BY 1) AS missing
    FROM confirmation_calls c WHERE c.session_id = :id ORDER BY c.called_at DESC
""")
_OWN = text("""
    SELECT c.id, c.kind, c.called_at, c.closes_at, a.confirmed_at
    FROM confirmation_calls c LEFT JOIN confirmations a ON a.call_id = c.id AND a.student_id = :me
    WHERE c.session_id = :id ORDER BY c.called_at DESC
""")
_ANSWERED = text("SELECT confirmed_at FROM confirmations WHERE call_id = :call AND student_id = :me")


class CallBody(CamelBody):
    """Whom to ask: all who are in the room, or a random ``share`` of them; ``seconds`` to answer."""

    kind: CallKind = CallKind.RECHECK
    share: Share = 1.0
    seconds: AnswerSeconds = 120


class CallView(CamelView):
    """A call as staff see it; ``missing`` are the students who have not answered.

    ``byRule``: the session asked by itself, and nobody called.
    """

    id: UUID
    kind: str
    by_rule: bool
    called_at: datetime
    closes_at: datetime
    asked: int
    confirmed: int
    missing: list[UUID]


class CallList(CamelView):
    """The calls of a session, newest first."""

    items: list[CallView]


class OwnCallView(CamelView):
    """A call to the student who asks; ``confirmedAt`` is null until they have answered."""

    id: UUID
    kind: str
    called_at: datetime
    closes_at: datetime
    confirmed_at: datetime | None


class OwnCallList(CamelView):
    """The calls to one student, newest first."""

    items: list[OwnCallView]


class ConfirmationView(CamelView):
    """An answer that was kept."""

    call_id: UUID
    kind: str
    student_id: UUID
    timestamp: datetime


async def call(services: Services, who: Identity, session_id: UUID, body: CallBody) -> CallView:
    """Ask students of a running session to confirm that they are there; starts new codes."""
    now = services.now()
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id, lock=True)
        require_staff(who)
        if row.status != SessionStatus.ACTIVE:
            raise Refused(Code.SESSION_NOT_ACTIVE)
        if (await connection.execute(OPEN, {"id": session_id, "now": now})).one_or_none():
            raise Refused(Code.CALL_OPEN)
        call_id = await _write(connection, who, session_id, body, now)
        await tell(connection, ConfirmationCalled(session_id, call_id))
        made = (await connection.execute(_CALLS, {"id": session_id})).first()
    await spread(services, session_id)
    assert made is not None
    return _view(made)


async def list_calls(services: Services, who: Identity, session_id: UUID) -> CallList:
    """The calls of a session, for its teacher and admins."""
    async with as_person(services, who) as connection:
        await load(connection, who, session_id)
        require_staff(who)
        return CallList(items=[_view(row) for row in await connection.execute(_CALLS, {"id": session_id})])


async def own_calls(services: Services, who: Identity, session_id: UUID) -> OwnCallList:
    """The calls to the student who asks."""
    async with as_person(services, who) as connection:
        await load(connection, who, session_id)
        if who.role is not Role.STUDENT:
            raise Refused(Code.FORBIDDEN, "Only students are asked to confirm.")
        rows = await connection.execute(_OWN, {"id": session_id, "me": who.user_id})
        return OwnCallList(items=[OwnCallView(**row._asdict()) for row in rows])


async def confirm(
    services: Services, who: Identity, session_id: UUID, wanted: CheckInRequest, phone: Phone
) -> ConfirmationView:
    """Answer the open call with the code of the moment; durable before it returns.

    A repeat changes nothing and hears the time of the first answer.
    """
    facts = await services.facts.get(session_id)
    if facts is None:
        raise Refused(Code.NOT_FOUND)
    if who.role is not Role.STUDENT:
        raise Refused(Code.FORBIDDEN, "Only students are asked to confirm.")
    if who.user_id.bytes not in facts.students:
        raise Refused(Code.NOT_ENROLLED)
    now = services.now()
    if facts.status is not SessionStatus.ACTIVE:
        raise Refused(Code.SESSION_NOT_ACTIVE)
    if facts.call is None or not facts.call.asks(who.user_id, now):
        raise Refused(Code.NO_CALL)
    shown = await judge(services, who, facts, wanted, phone.device)
    if shown.scanned_at < facts.call.called_at:
        raise Refused(Code.CODE_EXPIRED)  # a ticket from before the call proves nothing about now
    at = await _first_answer(services, who, facts.call, now)
    await services.witness.keep(Confirmed(session_id, facts.call.id, who.user_id, shown.via, at))
    return ConfirmationView(call_id=facts.call.id, kind=facts.call.kind, student_id=who.user_id, timestamp=at)


async def _first_answer(services: Services, who: Identity, answered: Call, now: datetime) -> datetime:
    """When a student first answered a call, which is now for the first.

    Noted before the answer itself is kept: whichever of several answers comes through, all say the same time.
    """
    name, left = keys.answers(answered.id), answered.closes_at - now
    try:
        async with services.redis.pipeline(transaction=True) as pipeline:
            pipeline.hsetnx(name, str(who.user_id), now.isoformat())
            pipeline.hget(name, str(who.user_id))
            pipeline.expire(name, left + timedelta(minutes=1))
            _, noted, _ = await pipeline.execute()
    except RedisError:
        # What was answered while Redis is away waits in the inbox: such a repeat hears its own time.
        async with as_person(services, who) as connection:
            noted = (await connection.execute(_ANSWERED, {"call": answered.id, "me": who.user_id})).scalar_one_or_none()
        return noted or now
    return datetime.fromisoformat(noted.decode())


async def _write(connection: AsyncConnection, who: Identity, session_id: UUID, body: CallBody, now: datetime) -> UUID:
    there = list((await connection.execute(IN_THE_ROOM, {"id": session_id})).scalars())
    if not there:
        raise Refused(Code.NOBODY_TO_ASK)
    closes_at = now + timedelta(seconds=body.seconds)
    values = new_call(session_id, body.kind, who.user_id, there, body.share, now, closes_at)
    await connection.execute(CALL, values)
    await connection.execute(NEW_CODES, values)
    call_id: UUID = values["id"]
    return call_id


def _view(row: Row[Any]) -> CallView:
    return CallView(**row._asdict())
