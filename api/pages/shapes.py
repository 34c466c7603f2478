"""What templates are given: plain values, already in words and in campus time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.domain.attendance import Tally
from shared.domain.words import Role


@dataclass(frozen=True, slots=True)
class Person:
    """Who is looking at the page. ``number`` is a student's number."""

    name: str
    role: Role
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """A session's counters. ``present`` counts present and late; ``rate`` is percent."""

    total: int
    present: int
    late: int
    absent: int
    excused: int
    unmarked: int
    rate: float

    @classmethod
    def of(cls, tally: Tally) -> "Counts":
        """From the domain's tally."""
        return cls(
            total=tally.enrolled,
            present=tally.present + tally.late,
            late=tally.late,
            absent=tally.absent,
            excused=tally.excused,
            unmarked=tally.not_marked,
            rate=tally.rate,
        )


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A session among others. ``time`` and ``until`` are clock times, ``day`` a short date.

    ``online`` also for hybrid sessions: people can join. ``waiting`` is how many marks wait for a review, ``sources``
    how its marks came to be, the commonest first.
    """

    id: UUID
    class_name: str
    room: str | None
    status: str
    day: str
    time: str
    until: str | None
    counts: Counts
    online: bool = False
    waiting: int = 0
    sources: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group that a teacher may start a session with. ``room`` is where it met last."""

    id: UUID
    class_name: str
    title: str
    enrolled: int
    active_session: UUID | None
    room: str | None


@dataclass(frozen=True, slots=True)
class LiveView:
    """The session of a live page; clock times, null until they are known. ``online`` also for hybrid sessions."""

    id: UUID
    class_name: str
    room: str | None
    status: str
    channel: str
    time: str | None
    started: str | None
    ended: str | None
    online: bool = False


@dataclass(frozen=True, slots=True)
class ReviewView:
    """The session of a review page; ``day`` and times in words."""

    id: UUID
    class_name: str
    status: str
    mode: str
    day: str
    time: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Child:
    """A parent's child."""

    id: UUID
    name: str
    number: str


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change of a mark; ``before`` is null for a new mark, ``after`` for a deleted one, ``by`` when Muster did."""

    before: str | None
    after: str | None
    source: str
    reason: str | None
    by: str | None
    day: str
    time: str


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One bucket of a session; ``start`` is a clock time, ``at`` the same for the script."""

    start: str
    at: str
    check_ins: int
    connected: int


@dataclass(frozen=True, slots=True)
class TimelineShown:
    """A session over time. ``seconds`` is the width of a bucket."""

    seconds: int
    rows: list[TimelineRow]


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call to confirm that is still open; ``until`` is a clock time, ``closes_at`` the same for the script."""

    kind: str
    until: str
    closes_at: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A code exchanged for a ticket, waiting for one tap. ``time`` is when it was scanned.

    ``seconds_left`` and not a moment: the phone's own clock may be wrong, but it can count. ``asks_place``: the class
    has a fence, so the phone is asked where it is; nobody else's phone is.
    """

    ticket: str
    session_id: UUID
    class_name: str
    room: str | None
    time: str
    seconds_left: int
    asks_place: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """The class that a refusal is about; ``planned`` is a clock time, for one that has not started."""

    class_name: str
    room: str | None
    planned: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a check-in; ``status`` is present or late, ``repeat`` that it was done before."""

    status: str
    time: str
    class_name: str
    room: str | None
    repeat: bool


@dataclass(frozen=True, slots=True)
class CallShown:
    """A call to confirm as the live page shows it while it is open; ``json`` the same for the script."""

    by_rule: bool
    asked: int
    confirmed: int
    until: str
    json: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A class whose open call asks this student, who has not answered; ``until`` is a clock time."""

    session_id: UUID
    class_name: str
    until: str


def wire_time(moment: datetime) -> str:
    """RFC 3339 with ``Z``, as scripts read it."""
    return moment.isoformat().replace("+00:00", "Z")
