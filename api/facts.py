"""Session facts: what a check-in's decision needs, remembered for a short while.

A check-in costs no query: the facts of a session are read once per process (one statement) and dropped when a
control message says that they changed. After ``settings.facts_seconds``, and when a message may have been missed, they
are read again if the database answers, and hold on if it does not. A stale copy cannot let anybody into an ended
session: whether it is active is asked again, atomically, where the check-in is appended (lua/accept.lua).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import speak_as
from shared.domain.attendance import session_start
from shared.domain.codes import CodeFace
from shared.domain.fence import Fence
from shared.domain.lifecycle import opens_at
from shared.domain.words import CallKind, Mode, Rule, SessionStatus
from shared.projection import Projection

log = structlog.get_logger()

STALE_SECONDS = 5.0
"""While the database is away nothing can change, so what was remembered holds on; it is asked again this often.
A change that is heard of all the same is believed: then there is nothing to hold on to."""

MOST = 5_000
"""Sessions remembered per process; a campus has about 1,000 at once."""
_PAST = float("-inf")

_READ = """
    SELECT s.id, s.status, s.mode, s.teacher_id, s.class_name, s.room, s.scheduled_start, s.started_at, s.created_at,
           s.code_reference, s.code_generation, s.code_visible, s.rotate_seconds,
           s.fence_latitude, s.fence_longitude, s.fence_radius_meters, s.fence_rule, s.device_rule,
           coalesce(p.late_after_minutes, 5.0) AS late_after_minutes,
           c.id AS call_id, c.kind AS call_kind, c.called_at, c.closes_at AS call_closes_at,
           c.asked AS call_asked,
           (SELECT string_agg(uuid_send(r.student_id), '') FROM session_roll r WHERE r.session_id = s.id) AS students
    FROM live_sessions s LEFT JOIN current_policies p ON p.course_id = s.course_id
    LEFT JOIN LATERAL (SELECT * FROM confirmation_calls c WHERE c.session_id = s.id
                       ORDER BY c.called_at DESC LIMIT 1) c ON true
"""
_BY_ID = text(_READ + "WHERE s.id = :key")
_BY_REFERENCE = text(_READ + "WHERE s.code_reference = :key")


@dataclass(frozen=True, slots=True)
class Call:
    """The last call to confirm: who was asked, and until when an answer counts."""

    id: UUID
    kind: CallKind
    called_at: datetime
    closes_at: datetime
    asked: frozenset[UUID]

    def asks(self, student_id: UUID, now: datetime) -> bool:
        """Whether an answer of this student counts now."""
        return student_id in self.asked and self.called_at <= now <= self.closes_at


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """A session as the check-in path sees it.

    ``start`` is what lateness counts from, null before it started. ``students`` are the 16 bytes of each enrolled
    student's id: a roster of thousands is read and kept at a tenth of what UUID objects cost.
    """

    id: UUID
    status: SessionStatus
    mode: Mode
    teacher_id: UUID
    class_name: str
    room: str | None
    scheduled_start: datetime | None
    start: datetime | None
    late_after_minutes: float
    face: CodeFace
    students: frozenset[bytes]
    fence: Fence | None = None
    fence_rule: Rule = Rule.REFUSE
    device_rule: Rule = Rule.FLAG
    call: Call | None = None

    def projection(self) -> Projection:
        """What Redis should know of it."""
        students = [UUID(bytes=student) for student in self.students]
        return Projection(self.id, self.status, self.teacher_id, students, opens_at(self.mode, self.scheduled_start))


def _facts(row: Row[Any]) -> SessionFacts:
    return SessionFacts(
        id=row.id,
        status=SessionStatus(row.status),
        mode=Mode(row.mode),
        teacher_id=row.teacher_id,
        class_name=row.class_name,
        room=row.room,
        scheduled_start=row.scheduled_start,
        start=row.started_at and session_start(row.scheduled_start, row.started_at),
        late_after_minutes=row.late_after_minutes,
        face=CodeFace(row.code_reference, row.code_generation, row.created_at, row.rotate_seconds, row.code_visible),
        students=_split(row.students or b""),
        fence=_fence(row),
        fence_rule=Rule(row.fence_rule),
        device_rule=Rule(row.device_rule),
        call=_call(row),
    )


def _fence(row: Row[Any]) -> Fence | None:
    if row.fence_latitude is None:
        return None
    return Fence(row.fence_latitude, row.fence_longitude, row.fence_radius_meters)


def _call(row: Row[Any]) -> Call | None:
    if row.call_id is None:
        return None
    return Call(row.call_id, CallKind(row.call_kind), row.called_at, row.call_closes_at, frozenset(row.call_asked))


def _split(ids: bytes) -> frozenset[bytes]:
    return frozenset(ids[place : place + 16] for place in range(0, len(ids), 16))


class FactsCache:
    """Facts by session id, or by the reference inside a code. Concurrent misses of one session read once."""

    def __init__(self, engine: AsyncEngine, seconds: float, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._seconds = seconds
        self._clock = clock
        self._known: OrderedDict[UUID, tuple[float, SessionFacts]] = OrderedDict()
        self._references: dict[int, UUID] = {}
        self._reading: dict[UUID | int, asyncio.Task[SessionFacts | None]] = {}

    async def get(self, session_id: UUID) -> SessionFacts | None:
        """The facts of a session, or None when there is no such session."""
        known = self._known.get(session_id)
        if known is not None and known[0] > self._clock():
            return known[1]
        try:
            return await self._read_once(session_id)
        except (DBAPIError, PoolTimeout, OSError) as error:
            still = self._known.get(session_id)
            if known is None or still is None or still[1] is not known[1]:
                raise
            log.warning("database away; facts of before go on", reason=type(error).__name__)
            self._known[session_id] = (self._clock() + STALE_SECONDS, known[1])
            return known[1]

    async def by_reference(self, reference: int) -> SessionFacts | None:
        """The facts of the session that a code names."""
        session_id = self._references.get(reference)
        return await (self._read_once(reference) if session_id is None else self.get(session_id))

    def forget(self, session_id: UUID) -> None:
        """The session changed: read it again when next asked."""
        known = self._known.pop(session_id, None)
        if known is not None:
            self._references.pop(known[1].face.reference, None)
        self._reading.pop(session_id, None)
        # Which sessions the references that are being read belong to is not known yet: none of them is remembered.
        for reference in [key for key in self._reading if isinstance(key, int)]:
            del self._reading[reference]

    def doubt_all(self) -> None:
        """Control messages may have been missed: read each session again when next asked, if the database answers."""
        for session_id, (_, facts) in self._known.items():
            self._known[session_id] = (_PAST, facts)
        self._reading.clear()

    async def _read_once(self, key: UUID | int) -> SessionFacts | None:
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(self._read(key))
            reading.add_done_callback(lambda done: self._settled(key, done))
        return await asyncio.shield(reading)

    async def _read(self, key: UUID | int) -> SessionFacts | None:
        statement = _BY_ID if isinstance(key, UUID) else _BY_REFERENCE
        async with speak_as(self._engine, None, None) as connection:
            row = (await connection.execute(statement, {"key": key})).one_or_none()
        return None if row is None else _facts(row)

    def _settled(self, key: UUID | int, done: "asyncio.Task[SessionFacts | None]") -> None:
        # A read that was forgotten while under way must not be remembered: it may be older than the change.
        if self._reading.get(key) is not done:
            return
        del self._reading[key]
        if not done.cancelled() and done.exception() is None and (facts := done.result()) is not None:
            self._remember(facts)

    def _remember(self, facts: SessionFacts) -> None:
        self._known[facts.id] = (self._clock() + self._seconds, facts)
        self._references[facts.face.reference] = facts.id
        if len(self._known) > MOST:
            _, (_, oldest) = self._known.popitem(last=False)
            self._references.pop(oldest.face.reference, None)
