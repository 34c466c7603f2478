"""What gateways have witnessed, by the domain's union (1-domain 1.1): is anybody's presence broken?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from redis import Redis

from shared import keys
from shared.domain.presence import is_connected, runs_of
from shared.domain.words import Connection
from shared.messages import events
from shared.messages.events import PointProven


@dataclass(frozen=True)
class Witnessed:
    """People in sessions: all of them, those who said goodbye, those with more than one stay, those not there now."""

    people: int
    left: int
    broken: int
    away: int
    longest: float
    """The longest time between two points of one person, seconds."""


def witnessed(redis: Redis) -> Witnessed:
    """What waits in the stream, which nobody may have drained."""
    now = datetime.now(UTC)
    moments: defaultdict[tuple[UUID, UUID], list[datetime]] = defaultdict(list)
    left = set()
    for point in _points(redis):
        moments[point.session_id, point.user_id].append(point.at)
        if point.event is Connection.DISCONNECT:
            left.add((point.session_id, point.user_id))
    stays = [runs_of(theirs) for theirs in moments.values()]
    return Witnessed(
        people=len(moments),
        left=len(left),
        broken=sum(len(runs) > 1 for runs in stays),
        away=sum(not is_connected(runs[-1].last, None, True, now) for runs in stays),
        longest=max((_longest(sorted(theirs)) for theirs in moments.values()), default=0.0),
    )


def _points(redis: Redis) -> Iterator[PointProven]:
    entries: Any = redis.xrange(keys.EVENTS)
    for _, fields in entries:
        for payload in fields.values():
            event = events.decode(payload)
            if isinstance(event, PointProven):
                yield event


def _longest(moments: Sequence[datetime]) -> float:
    return max(((later - earlier).total_seconds() for earlier, later in pairwise(moments)), default=0.0)
