"""The ledger: every event and mark that was acknowledged, and every request whose fate nobody knows.

A doubt is a request that got no answer, or a 5xx: it may have been carried out, once, within its window. Whatever the
database holds beyond what was acknowledged must be explained by one.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from loadtests.chaos.calm import Calm
from shared.domain.words import Connection

LINGER = timedelta(seconds=15)
"""How long after its client gave up a request may still be carried out: the API limits everything it does."""

SEEN_WITHIN = timedelta(seconds=5)
"""How long after its client wrote it a frame may be read by a gateway on a machine that is busy."""

Key = tuple[UUID, UUID]
"""Session and person."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A request whose fate is unknown: what it reported, and when it may have been carried out."""

    event: Connection
    activity: str | None
    since: datetime
    until: datetime

    def covers(self, moment: datetime) -> bool:
        """Whether it may have been carried out at this moment."""
        return self.since <= moment <= self.until


@dataclass(slots=True)
class Stay:
    """Everything that was acknowledged of one person's presence in one session."""

    points: list[datetime] = field(default_factory=list)
    connects: list[datetime] = field(default_factory=list)
    disconnects: list[datetime] = field(default_factory=list)
    activities: Counter[str] = field(default_factory=Counter)
    doubts: list[Doubt] = field(default_factory=list)


@dataclass(slots=True)
class CheckedIn:
    """One student's check-ins in one session: the ids they were given with status and time, and tries in doubt."""

    acknowledged: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    doubts: int = 0


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life that a client gave by its socket: a CONNECT, an answered ping, an activity, a goodbye. A gateway
    that saw it did so within its window."""

    since: datetime
    until: datetime
    activity: str | None = None

    def covers(self, moment: datetime) -> bool:
        """Whether it may have been witnessed at this moment."""
        return self.since <= moment <= self.until


@dataclass(slots=True)
class Life:
    """One socket, from its CONNECT to its end. Without ``is_in`` nobody knows whether it was let in; without ``ended``
    it was closed by its client after the last fault."""

    signs: list[Sign] = field(default_factory=list)
    is_in: bool = False
    ended: datetime | None = None

    def gave(self, since: datetime, activity: str | None = None) -> None:
        """Its client gave a sign of life."""
        self.signs.append(Sign(since, datetime.now(UTC) + SEEN_WITHIN, activity))

    def is_owed(self, sign: Sign, calm: Calm) -> bool:
        """Whether this sign of its own counts as acknowledged."""
        return self.is_in and (self.ended is None or calm.between(sign.until, self.ended))


@dataclass(slots=True)
class Sitting:
    """Everything that one person's sockets proved in one session."""

    lives: list[Life] = field(default_factory=list)

    def signs(self, calm: Calm) -> tuple[list[Sign], list[Sign]]:
        """Those that count as acknowledged, and those in doubt.

        The protocol acknowledges no pong. A gateway writes what it witnessed to Redis within a tenth of a second, or as
        soon as Redis answers: a sign counts once its gateway lived on while Redis answered for a while. What is younger
        when the gateway is killed may be gone, and the socket that comes back makes up for it.
        """
        kept: list[Sign] = []
        doubtful: list[Sign] = []
        for life in self.lives:
            for sign in life.signs:
                (kept if life.is_owed(sign, calm) else doubtful).append(sign)
        return kept, doubtful


@dataclass(slots=True)
class Ledger:
    """What the campus was told. ``marks`` are a person's decisions on a student, in order, each acknowledged."""

    stays: dict[Key, Stay] = field(default_factory=dict)
    sittings: dict[Key, Sitting] = field(default_factory=dict)
    check_ins: dict[Key, CheckedIn] = field(default_factory=dict)
    marks: dict[Key, list[str]] = field(default_factory=dict)
    ended: set[UUID] = field(default_factory=set)
    acknowledged: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0

    def point(self, key: Key, event: Connection, activity: str | None, at: datetime) -> None:
        """A point was acknowledged with its server time."""
        stay = self.stays.setdefault(key, Stay())
        stay.points.append(at)
        if event is Connection.CONNECT:
            stay.connects.append(at)
        elif event is Connection.DISCONNECT:
            stay.disconnects.append(at)
        if activity is not None:
            stay.activities[activity] += 1
        self.acknowledged += 1

    def doubt(self, key: Key, event: Connection, activity: str | None, since: datetime) -> None:
        """A point may or may not have been kept."""
        until = datetime.now(UTC) + LINGER
        self.stays.setdefault(key, Stay()).doubts.append(Doubt(event, activity, since, until))

    def check_in(self, key: Key, check_in_id: UUID, status: str, at: datetime) -> None:
        """A check-in was acknowledged, for the first time or again."""
        known = self.check_ins.setdefault(key, CheckedIn()).acknowledged
        if check_in_id not in known:
            self.acknowledged += 1
        known[check_in_id] = (status, at)

    def doubtful_check_in(self, key: Key) -> None:
        """A check-in may or may not have been kept."""
        self.check_ins.setdefault(key, CheckedIn()).doubts += 1

    def mark(self, key: Key, status: str) -> None:
        """A person's mark was acknowledged."""
        self.marks.setdefault(key, []).append(status)
        self.acknowledged += 1
