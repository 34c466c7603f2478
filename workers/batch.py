"""A batch of events by kind, and what applying it did."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from shared.domain.attendance import Tally
from shared.messages.events import (
    CheckInAccepted,
    Event,
    MarksChanged,
    PointProven,
    RosterChanged,
    SessionStatusChanged,
)
from workers.presence import Moves


@dataclass
class Batch:
    """Events by kind, in the order in which they came."""

    check_ins: list[CheckInAccepted] = field(default_factory=list)
    statuses: list[SessionStatusChanged] = field(default_factory=list)
    marks: list[MarksChanged] = field(default_factory=list)
    rosters: list[RosterChanged] = field(default_factory=list)
    points: list[tuple[str, PointProven]] = field(default_factory=list)
    """With the key of the delivery that brought each."""

    @classmethod
    def of(cls, events: Iterable[tuple[str, Event]]) -> "Batch":
        """Sort events by kind. Each comes with the key of its delivery."""
        batch = cls()
        for key, event in events:
            if isinstance(event, CheckInAccepted):
                batch.check_ins.append(event)
            elif isinstance(event, SessionStatusChanged):
                batch.statuses.append(event)
            elif isinstance(event, MarksChanged):
                batch.marks.append(event)
            elif isinstance(event, RosterChanged):
                batch.rosters.append(event)
            else:
                batch.points.append((key, event))
        return batch

    @property
    def sessions(self) -> list[UUID]:
        """Every session touched, in the one order in which locks are taken."""
        events: list[Event] = [*self.check_ins, *self.statuses, *self.marks, *self.rosters]
        return sorted({event.session_id for event in events} | {point.session_id for _, point in self.points})


@dataclass(frozen=True, slots=True)
class Applied:
    """What a transaction did: counters before and after, which check-ins were new, who came and went."""

    before: dict[UUID, Tally]
    after: dict[UUID, Tally]
    new: frozenset[UUID]
    moves: Moves
