"""Connections as evidence of presence (3-realtime 3.3): who is in which session, seen by this process.

Knows of each session what the projection said last. Status only moves forward, as in lua/project.lua: a reading that
was overtaken changes nothing.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from gateway.outbox import Outbox
from gateway.pulse import Pinged
from gateway.rights import Facts
from gateway.stay import Meeting, Stay
from shared.domain.words import Role, SessionStatus, UserType
from shared.tokens import Identity

PARTS = {Role.TEACHER: UserType.TUTOR, Role.STUDENT: UserType.STUDENT}
"""Who takes part. Admins may look at everything and are present nowhere."""


class Witness:
    """Sees the sockets of sessions' paths come, act and go. Never blocks, never raises.

    ``ask_soon`` has a socket pinged at once: an answer is a proof of life.
    """

    def __init__(
        self,
        outbox: Outbox,
        ask_soon: Callable[[Pinged], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.now = now
        self._outbox = outbox
        self._ask_soon = ask_soon
        self._meetings: dict[UUID, Meeting] = {}

    def came(self, session_id: UUID, identity: Identity, facts: Facts, socket: Pinged) -> Stay | None:
        """A socket with a part in the session is open; ``None`` for those who take none."""
        part = PARTS.get(identity.role)
        if part is None:
            return None
        meeting = self._meetings.setdefault(session_id, Meeting(session_id, facts.status, facts.opens_at))
        self.learn(session_id, facts)
        stay = Stay(meeting, identity.user_id, part, socket, self._outbox)
        meeting.stays.setdefault(identity.user_id, []).append(stay)
        stay.proven(self.now())
        return stay

    def learn(self, session_id: UUID, facts: Facts) -> None:
        """What is known of a session now. Everybody there is asked at once when that makes their points count."""
        meeting = self._meetings.get(session_id)
        if meeting is None or _is_older(facts.status, meeting.status):
            return
        now = self.now()
        counted = meeting.takes_events(now)
        meeting.status, meeting.opens_at = facts.status, facts.opens_at
        if meeting.takes_events(now) and not counted:
            self._ask([stay for theirs in meeting.stays.values() for stay in theirs])

    def lost(self, stay: Stay) -> None:
        """The socket is closed, and nothing was heard from the client: it is credited to its last answer."""
        meeting = stay.meeting
        theirs = meeting.stays[stay.user_id]
        theirs.remove(stay)
        if not theirs:
            del meeting.stays[stay.user_id]
        if not meeting.stays:
            self._meetings.pop(meeting.session_id, None)

    def went(self, stay: Stay, *, comes_back: bool) -> None:
        """The socket is closed, by a client that was heard. Its person's other sockets are asked at once, or one
        closed tab would count as having left until the next ping of another."""
        self.lost(stay)
        stay.ended(self.now(), comes_back=comes_back)
        self._ask(stay.meeting.stays.get(stay.user_id, ()))

    def _ask(self, stays: Sequence[Stay]) -> None:
        for stay in stays:
            self._ask_soon(stay.socket)


def _is_older(status: SessionStatus, known: SessionStatus) -> bool:
    return known.is_over or (known is SessionStatus.ACTIVE and status is SessionStatus.SCHEDULED)
