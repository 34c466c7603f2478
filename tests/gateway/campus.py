"""What API and workers do to Redis, in the few lines that a gateway can notice."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from shared import keys, lua, projection
from shared.bus import HISTORY_LENGTH, HISTORY_SECONDS, POSITION_SECONDS
from shared.domain.words import Role, SessionStatus, Source
from shared.messages import control, events
from shared.messages.events import PointProven
from shared.messages.frames import RealtimeTicket
from shared.messages.pushes import (
    CheckIns,
    LiveAttendanceUpdate,
    MarkChange,
    Marks,
    Push,
    PushData,
    Stats,
    StatusChanged,
    open_frame,
    push_type,
)
from shared.projection import Projection
from shared.realtime import TICKET_LIFE, make_ticket
from shared.redis import async_redis
from shared.settings import Settings
from shared.tokens import Identity, Tokens

AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Roll:
    """One session with its people."""

    id: UUID = field(default_factory=uuid4)
    teacher: UUID = field(default_factory=uuid4)
    students: tuple[UUID, ...] = field(default_factory=lambda: (uuid4(), uuid4()))

    @property
    def channel(self) -> str:
        """Its realtime channel."""
        return keys.channel(self.id)


class Campus:
    """Writes projections, tickets, pushes and control messages."""

    def __init__(self, settings: Settings) -> None:
        self.redis = async_redis(settings)
        self.tokens = Tokens(settings)
        self._publish = self.redis.register_script(lua.script("publish"))
        self._place = self.redis.register_script(lua.script("position"))

    async def roll(self, **known: object) -> Roll:
        """A session, projected."""
        roll = Roll(**known)  # type: ignore[arg-type]
        await self.project(roll)
        return roll

    async def project(
        self, roll: Roll, status: SessionStatus = SessionStatus.ACTIVE, opens_at: datetime | None = None
    ) -> None:
        """Write what the gateway may know of a session."""
        async with self.redis.pipeline(transaction=True) as pipe:
            projection.write(pipe, Projection(roll.id, status, roll.teacher, roll.students, opens_at))
            await pipe.execute()

    async def move(self, roll: Roll, status: SessionStatus) -> None:
        """The session's status changed, and every process is told."""
        await self.project(roll, status)
        await self.command(control.SessionFactsChanged(roll.id))

    async def points(self) -> list[PointProven]:
        """What gateways have put into the event stream, entry by entry."""
        entries: Any = await self.redis.xrange(keys.EVENTS)
        return [point for _, fields in entries for point in map(_point, fields.values())]

    async def points_until(self, count: int) -> list[PointProven]:
        """The same, once there are so many."""

        async def enough() -> bool:
            return len(await self.points()) >= count

        await until(enough)
        return await self.points()

    def sign(self, user_id: UUID, role: Role, life: timedelta = AN_HOUR) -> tuple[str, Identity]:
        """A token, and what it says."""
        return self.tokens.issue(user_id, role, datetime.now(UTC), life)

    def token(self, user_id: UUID | None = None, role: Role = Role.TEACHER) -> str:
        """A token of somebody."""
        return self.sign(user_id or uuid4(), role)[0]

    async def ticket(self, user_id: UUID, role: Role = Role.TEACHER, life: timedelta = AN_HOUR) -> str:
        """A one-time ticket, as ``POST /api/v1/realtime/ticket`` makes it."""
        ticket = make_ticket(datetime.now(UTC))
        stands_for = RealtimeTicket(user_id, role.value, uuid4().hex, datetime.now(UTC) + life)
        await self.redis.set(keys.realtime_ticket(ticket), msgspec.json.encode(stands_for), ex=TICKET_LIFE)
        return ticket

    async def push(self, roll: Roll, *data: PushData) -> int:
        """Publish as the workers do; returns the channel's version."""
        parts: list[str | bytes] = []
        for datum in data:
            parts += [push_type(datum), open_frame(Push(roll.id, datetime.now(UTC), datum))]
        names = [keys.position(roll.channel), keys.history(roll.channel)]
        arguments = [roll.channel, secrets.token_hex(6), HISTORY_LENGTH, HISTORY_SECONDS, POSITION_SECONDS, *parts]
        return int(await self._publish(keys=names, args=arguments))

    async def place(self, names: Sequence[str]) -> tuple[int, str]:
        """Where a channel stands, as a snapshot reads it: position and history key."""
        version, epoch = await self._place(keys=names, args=[secrets.token_hex(6), POSITION_SECONDS])
        return int(version), epoch.decode()

    async def history(self, roll: Roll) -> list[bytes]:
        """The messages that a channel's history keeps."""
        entries: Any = await self.redis.xrange(keys.history(roll.channel))
        return [fields[b"m"] for _, fields in entries]

    async def command(self, order: control.Control) -> None:
        """Publish a control message."""
        await self.redis.publish(keys.CONTROL, control.encode(order))


async def until(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Until something holds. Redis can only be asked, it tells nobody."""
    async with asyncio.timeout(10):
        while not (answer if isinstance(answer := holds(), bool) else await answer):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def _point(payload: bytes) -> PointProven:
    event = events.decode(payload)
    assert isinstance(event, PointProven)
    return event


def stats(present: int) -> Stats:
    """Counters."""
    return Stats(present_students=present)


def check_in(roll: Roll, students: Sequence[UUID]) -> CheckIns:
    """Check-ins of these students."""
    return CheckIns(
        [
            LiveAttendanceUpdate(roll.id, student, f"N{n}", f"Student {n}", datetime.now(UTC), "present")
            for n, student in enumerate(students)
        ]
    )


def marks(students: Sequence[UUID]) -> Marks:
    """Marks of these students."""
    return Marks([MarkChange(student, "late", Source.MANUAL, datetime.now(UTC)) for student in students])


def ended() -> StatusChanged:
    """The session ended."""
    return StatusChanged(SessionStatus.ACTIVE, SessionStatus.COMPLETED, None)
