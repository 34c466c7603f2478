"""A batch of events by kind, and what applying it did."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from shared.domain.attendance import Tally
from shared.messages.events import (
    CheckInAccepted,
    ConfirmationCalled,
    Confirmed,
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
    calls: list[ConfirmationCalled] = field(default_factory=list)
    confirmations: list[Confirmed] = field(default_factory=list)
    points: list[PointProven] = field(default_factory=list)

    @classmethod
    def of(cls, events: Iterable[Event]) -> "Batch":
        """Sort events by kind."""
        batch = cls()
        for event in events:
            if isinstance(event, PointProven):
                batch.points.append(event)
            else:
                getattr(batch, _SHELF[type(event)]).append(event)
        return batch

    @property
    def _without_points(self) -> list[Event]:
        return [event for shelf in _SHELF.values() for event in getattr(self, shelf)]

    @property
    def sessions(self) -> list[UUID]:
        """Every session touched, in the one order in which locks are taken."""
        points = {point.session_id for point in self.points}
        return sorted({event.session_id for event in self._without_points} | points)


_SHELF: dict[type[Event], str] = {
    CheckInAccepted: "check_ins",
    SessionStatusChanged: "statuses",
    MarksChanged: "marks",
    RosterChanged: "rosters",
    ConfirmationCalled: "calls",
    Confirmed: "confirmations",
}


@dataclass(frozen=True, slots=True)
class Applied:
    """What a transaction did: counters before and after, which check-ins were new, who came and went."""

    before: dict[UUID, Tally]
    after: dict[UUID, Tally]
    new: frozenset[UUID]
    moves: Moves
