"""Running a live session: start, end, cancel, show and hide its code."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.marks import Decision, read_roll, write
from api.news import close_gate, open_gate, spread, tell
from api.opening import conflict
from api.ownership import as_person, require_staff
from api.services import Services
from api.sessions import SessionRow, find, load
from shared import keys
from shared.domain.codes import MAX_GENERATION
from shared.domain.lifecycle import must_change
from shared.domain.refusals import Code, Refused
from shared.domain.words import Mark, SessionStatus, Source
from shared.messages.events import SessionStatusChanged
from shared.tokens import Identity

DRAIN_WAIT_SECONDS = 2.0
REST_REASON = "ended with the rest marked absent"

log = structlog.get_logger()

_STARTED = "UPDATE live_sessions SET status = 'active', started_at = :now WHERE id = :id"
_ENDED = "UPDATE live_sessions SET status = 'completed', ended_at = :now WHERE id = :id"
_CANCELLED = "UPDATE live_sessions SET status = 'cancelled', ended_at = :now WHERE id = :id"
_CODE = text(
    "UPDATE live_sessions SET code_visible = :visible, rotate_seconds = :rotate, code_generation = :generation "
    "WHERE id = :id"
)
_CODE_NOW = text("SELECT code_visible, rotate_seconds, code_generation FROM live_sessions WHERE id = :id")
_DRAINED = text("SELECT count(DISTINCT student_id) FROM check_ins WHERE session_id = :id")


async def start(services: Services, who: Identity, session_id: UUID) -> SessionRow:
    """Start a planned session; starting an active one changes nothing."""
    row = await _own(services, who, session_id)
    try:
        return await _change(services, who, row, SessionStatus.ACTIVE, _STARTED)
    except IntegrityError as error:
        raise await conflict(services, who, error, row.group_ids) from error


async def cancel(services: Services, who: Identity, session_id: UUID) -> SessionRow:
    """Cancel a planned or active session; marks and check-ins stay as they are."""
    row = await _own(services, who, session_id)
    return await _change(services, who, row, SessionStatus.CANCELLED, _CANCELLED)


async def end(services: Services, who: Identity, session_id: UUID, *, mark_rest_absent: bool = False) -> SessionRow:
    """End a session. Ending twice gives the same answer.

    The gate closes first, so every accepted check-in lies before the end; those on their way are waited for, so
    that nobody is marked absent who was just accepted, and the summary is final.
    """
    row = await _own(services, who, session_id)
    if must_change(row.status, SessionStatus.COMPLETED):
        await close_gate(services, session_id)
        try:
            accepted = await _wait_for_drain(services, who, session_id)
            absent = _Rest(accepted) if mark_rest_absent else None
            return await _change(services, who, row, SessionStatus.COMPLETED, _ENDED, rest=absent)
        except BaseException:
            await open_gate(services, session_id)
            raise
    return row


async def set_code(
    services: Services, who: Identity, session_id: UUID, *, visible: bool | None, rotate_seconds: int | None
) -> SessionRow:
    """Hide or show the code, or change how fast it turns. Showing again and a new rhythm start new codes."""
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id, lock=True)
        require_staff(who)
        if row.status.is_over:
            raise Refused(Code.SESSION_NOT_ACTIVE)
        old = (await connection.execute(_CODE_NOW, {"id": session_id})).one()
        shown = old.code_visible if visible is None else visible
        rotate = rotate_seconds or old.rotate_seconds
        anew = (shown and not old.code_visible) or rotate != old.rotate_seconds
        generation = min(old.code_generation + anew, MAX_GENERATION)
        values = {"id": session_id, "visible": shown, "rotate": rotate, "generation": generation}
        await connection.execute(_CODE, values)
    await spread(services, session_id)
    return row


@dataclass(frozen=True, slots=True)
class _Rest:
    """Everybody without a mark is absent, but for those whose check-in was accepted and is still on its way."""

    accepted: frozenset[UUID]


async def _own(services: Services, who: Identity, session_id: UUID) -> SessionRow:
    row = await find(services, who, session_id)
    require_staff(who)
    return row


async def _change(
    services: Services,
    who: Identity,
    row: SessionRow,
    new: SessionStatus,
    statement: str,
    *,
    rest: "_Rest | None" = None,
) -> SessionRow:
    async with as_person(services, who) as connection:
        locked = await load(connection, who, row.id, lock=True)
        if not must_change(locked.status, new):
            return locked
        now = services.now()
        if rest is not None:
            await _mark_rest(connection, who, locked, rest, now)
        await connection.execute(text(statement), {"id": row.id, "now": now})
        await tell(connection, SessionStatusChanged(row.id, locked.status, new, now))
    await spread(services, row.id)
    services.nudger.suggest(row.id)
    return await find(services, who, row.id)


async def _mark_rest(connection: AsyncConnection, who: Identity, row: SessionRow, rest: "_Rest", now: datetime) -> None:
    """The teacher's explicit act: everybody without a mark is absent, and it shows that this was a default."""
    roll = await read_roll(connection, row.id)
    unmarked = sorted(student for student, mark in roll.items() if mark is None and student not in rest.accepted)
    absent = [Decision(each, Mark.ABSENT, Source.SYSTEM_DEFAULT, reason=REST_REASON) for each in unmarked]
    await write(connection, who, row.id, absent, now, replace=False)


async def _wait_for_drain(services: Services, who: Identity, session_id: UUID) -> frozenset[UUID]:
    """Wait, within bounds, until every accepted check-in of the session is in the database; who was accepted."""
    try:
        kept: Any = await services.redis.hkeys(keys.receipts(session_id))
    except RedisError:
        return frozenset()
    accepted = frozenset(UUID(student.decode()) for student in kept)
    for _ in range(int(DRAIN_WAIT_SECONDS / 0.05)):
        async with as_person(services, who) as connection:
            if (await connection.execute(_DRAINED, {"id": session_id})).scalar_one() >= len(accepted):
                return accepted
        services.nudger.nudge()
        await asyncio.sleep(0.05)
    log.warning("ended before every check-in was drained", session=str(session_id))
    return accepted
