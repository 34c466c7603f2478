"""Who may see what of a session: a rule over what Redis knows of it, and that knowledge (3-realtime 3.1).

The API and the workers write the projection; a gateway only reads it. A session that is not projected is not
forbidden: nobody can tell, and the client asks again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from gateway.asking import Asking
from gateway.redis_link import Command
from shared import keys
from shared.domain.words import Role, SessionStatus
from shared.tokens import Identity


class Right(Enum):
    """What a person has on a channel."""

    STAFF = "staff"
    PARTICIPANT = "participant"
    NONE = "none"
    UNKNOWN = "unknown"

    @property
    def admits(self) -> bool:
        """Whether this is a part in the session."""
        return self in (Right.STAFF, Right.PARTICIPANT)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a session. ``enrolled`` holds only those who were asked about; ``opens_at`` is as in
    :class:`shared.projection.Projection`."""

    teacher: UUID
    enrolled: frozenset[UUID]
    status: SessionStatus
    opens_at: datetime | None


def right_of(identity: Identity, facts: Facts | None) -> Right:
    """Admins and its teacher see everything, enrolled students their own; ``None`` is a session nobody knows."""
    if facts is None:
        return Right.UNKNOWN
    if identity.role is Role.ADMIN or facts.teacher == identity.user_id:
        return Right.STAFF
    if identity.role is Role.STUDENT and identity.user_id in facts.enrolled:
        return Right.PARTICIPANT
    return Right.NONE


class Projections(Protocol):
    """What is known of sessions."""

    async def facts(self, asked: Mapping[UUID, Collection[UUID]]) -> dict[UUID, Facts | None]:
        """For each session, its facts and which of these people are enrolled; raises ``RedisError``."""
        ...


class RedisProjections:
    """The projection in Redis (shared.projection), two commands per session whoever many ask."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def facts(self, asked: Mapping[UUID, Collection[UUID]]) -> dict[UUID, Facts | None]:
        """See :class:`Projections`."""
        commands = [part for session_id, people in asked.items() for part in facts_commands(session_id, people)]
        return read_facts(asked, await self._asking.ask(*commands))


def facts_commands(session_id: UUID, people: Collection[UUID]) -> list[Command]:
    """What to ask Redis about a session and these people, of whom there is at least one: two commands."""
    session: Command = ("HMGET", keys.session(session_id), "teacher", "status", "opens")
    return [session, ("SMISMEMBER", keys.roster(session_id), *map(str, people))]


def read_facts(asked: Mapping[UUID, Collection[UUID]], replies: Sequence[Any]) -> dict[UUID, Facts | None]:
    """What the replies to the :func:`facts_commands` of these sessions say."""
    pairs = zip(asked.items(), replies[::2], replies[1::2], strict=True)
    return {session_id: _facts(session, people, enrolled) for (session_id, people), session, enrolled in pairs}


def _facts(session: list[bytes | None], people: Collection[UUID], enrolled: list[int]) -> Facts | None:
    teacher, status, opens = session
    if teacher is None or status is None:
        return None
    members = frozenset(person for person, is_in in zip(people, enrolled, strict=True) if is_in)
    opens_at = datetime.fromisoformat(opens.decode()) if opens else None
    return Facts(UUID(teacher.decode()), members, SessionStatus(status.decode()), opens_at)
