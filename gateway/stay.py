"""One socket's presence in a session, as points in time (3-realtime 3.3).

Opening is the first point, every answered ping another, closing the last. Points count only while the session takes
them: a socket that was there before says ``connect`` once it does. Of a client that vanished nothing is said when that
is noticed: its last answer is its last point.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.beats import keep
from gateway.outbox import Outbox
from gateway.pulse import Pinged
from shared.domain.lifecycle import takes_events
from shared.domain.words import Connection, SessionStatus, UserType
from shared.messages.events import PointProven


@dataclass(eq=False, slots=True)
class Meeting:
    """A session somebody is present in, and who: the stays of each person. ``opens_at`` as in shared.projection."""

    session_id: UUID
    status: SessionStatus
    opens_at: datetime | None
    stays: dict[UUID, list["Stay"]] = field(default_factory=dict)

    def takes_events(self, now: datetime) -> bool:
        """Whether points count."""
        return takes_events(self.status, self.opens_at, now)


@dataclass(eq=False, slots=True)
class Stay:
    """See the module. ``beats`` are heartbeats that wait to be sent."""

    meeting: Meeting
    user_id: UUID
    part: UserType
    socket: Pinged
    outbox: Outbox
    has_begun: bool = False
    beats: list[datetime] = field(default_factory=list)
    _second: int = 0
    _kinds: frozenset[str] = frozenset()

    def proven(self, now: datetime) -> None:
        """The client was heard at this moment."""
        if not self.meeting.takes_events(now):
            return
        if not self.has_begun:
            self._begin(now)
            return
        if not self.beats:
            self.outbox.beats_wait(self)
        keep(self.beats, now)

    def acted(self, kind: str, now: datetime) -> None:
        """The person interacted. One activity per kind and second counts: more says nothing more."""
        if not self.meeting.takes_events(now) or not self._is_new(kind, now):
            return
        if not self.has_begun or not self.outbox.has_room:
            self.proven(now)
        if self.outbox.has_room:
            self.outbox.put(self.point(Connection.HEARTBEAT, now, kind))

    def ended(self, now: datetime, *, comes_back: bool) -> None:
        """The client said goodbye, or answered ours. Whoever is sent elsewhere by us has not left the session."""
        if self.has_begun and self.meeting.takes_events(now):
            self.outbox.put(self.point(Connection.HEARTBEAT if comes_back else Connection.DISCONNECT, now))

    def point(self, event: Connection, at: datetime, activity: str | None = None) -> PointProven:
        """A point of this stay."""
        return PointProven(self.meeting.session_id, self.user_id, self.part, event, at, activity)

    def _begin(self, now: datetime) -> None:
        self.has_begun = True
        self.outbox.put(self.point(Connection.CONNECT, now))

    def _is_new(self, kind: str, now: datetime) -> bool:
        second = int(now.timestamp())
        if second != self._second:
            self._second, self._kinds = second, frozenset()
        if kind in self._kinds:
            return False
        self._kinds |= {kind}
        return True
