"""Presence: what points in time prove (1-domain 1.1), as functions of the *set* of points.

Every connect, heartbeat and disconnect is a point. Two neighbouring points belong to one run when they are at most
:data:`GAP` apart, so order, duplicates and the split into batches cannot matter:

    merge(runs of some points, runs of the others) = runs of all points

``merge`` is commutative, associative and idempotent: what is stored may be merged with a batch any number of times.
All times are aware, and exact to the microsecond.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

GAP = timedelta(seconds=75)
"""G. A hidden page's timer fires once a minute; that is still connected. A longer gap is not credited."""

MAX_KINDS = 20
"""Activity kinds that keep their name, per participant and session."""

OTHER = "other"
"""Where the rest of the activity kinds is counted; not one of the :data:`MAX_KINDS`."""

_NOTHING = timedelta(0)
_KIND = re.compile("[a-z_]{1,32}")

Key = TypeVar("Key", bound=Hashable)


class Run(NamedTuple):
    """An unbroken stay, from its first point to its last; both are the same moment for a single point."""

    first: datetime
    last: datetime


Runs = tuple[Run, ...]
"""Runs in order of time, each more than :data:`GAP` after the one before."""


def runs_of(points: Iterable[datetime]) -> Runs:
    """The runs of a set of points, in any order and with any duplicates."""
    ordered = sorted(points)
    if not ordered:
        return ()
    runs = []
    first = last = ordered[0]
    for point in ordered:
        if point - last > GAP:
            runs.append(Run(first, last))
            first = point
        last = point
    runs.append(Run(first, last))
    return tuple(runs)


def merge(*parts: Iterable[Run]) -> Runs:
    """The union: the runs of all points that the parts are the runs of."""
    merged: list[Run] = []
    for run in sorted(run for part in parts for run in part):
        if merged and run.first - merged[-1].last <= GAP:
            merged[-1] = Run(merged[-1].first, max(merged[-1].last, run.last))
        else:
            merged.append(run)
    return tuple(merged)


def fold(points: Iterable[tuple[Key, datetime]]) -> dict[Key, Runs]:
    """The runs per participant of a batch. The key is whatever names a participant in a session.

    Moments are sorted per key and keys never compared: comparing UUIDs costs more than all the rest.
    """
    moments: defaultdict[Key, list[datetime]] = defaultdict(list)
    for key, moment in points:
        moments[key].append(moment)
    return {key: runs_of(mine) for key, mine in moments.items()}


def active_time(runs: Iterable[Run]) -> timedelta:
    """Active seconds, exactly: the sum of last − first."""
    return sum((run.last - run.first for run in runs), _NOTHING)


def clip(runs: Iterable[Run], start: datetime, end: datetime) -> Runs:
    """What of the runs lies in [start, end], borders included.

    Clipping is for measuring only: clipped runs are not runs of points, and must not be merged again.
    """
    return tuple(
        Run(max(run.first, start), min(run.last, end)) for run in runs if run.last >= start and run.first <= end
    )


def covered(runs: Iterable[Run]) -> tuple[tuple[datetime, datetime], ...]:
    """The stored form: the union of the half-open ranges [t, t + G) over all points, as (lower, upper).

    A PostgreSQL multirange joins ranges that touch, so two points exactly G apart are one range, as they are one run.
    Its length is the active time plus G per run.
    """
    return tuple((run.first, run.last + GAP) for run in runs)


def runs_covering(ranges: Iterable[tuple[datetime, datetime]]) -> Runs:
    """The inverse of :func:`covered`."""
    return tuple(Run(lower, upper - GAP) for lower, upper in ranges)


def is_connected(last_point: datetime, last_disconnect: datetime | None, takes_events: bool, now: datetime) -> bool:
    """Connected now: the session takes events, the last point lies within G, and no disconnect is as late as it.

    A disconnect is a point too, so it is never later than the last point; at the same moment it wins.
    """
    left = last_disconnect is not None and last_disconnect >= last_point
    return takes_events and not left and now - last_point <= GAP


def timeouts(runs: Runs, disconnects: Collection[datetime], takes_events: bool, now: datetime) -> tuple[datetime, ...]:
    """The last proofs of life of a client that vanished: ends of runs where no disconnect was received.

    The last run ends once G has passed or the session takes no more events. Points that arrive late may prove a
    timeout of before wrong; it stays in the audit list, and nothing is computed from it.
    """
    silent = [run.last for run in runs[:-1]]
    silent += [run.last for run in runs[-1:] if not takes_events or now - run.last > GAP]
    return tuple(moment for moment in silent if moment not in disconnects)


@dataclass(frozen=True, slots=True)
class Presence:
    """What is kept per participant and session."""

    runs: Runs = ()
    last_disconnected_at: datetime | None = None

    @property
    def first_connected_at(self) -> datetime | None:
        """The earliest point; None for somebody who never came."""
        return self.runs[0].first if self.runs else None

    @property
    def last_activity_at(self) -> datetime | None:
        """The latest point; None for somebody who never came."""
        return self.runs[-1].last if self.runs else None

    @property
    def active(self) -> timedelta:
        """Total active time, also outside the session's window."""
        return active_time(self.runs)

    @property
    def connects(self) -> int:
        """The number of runs, so it too is a function of the set of points."""
        return len(self.runs)

    def joined(self, other: "Presence") -> "Presence":
        """What both prove together; commutative, associative and idempotent."""
        left = [at for at in (self.last_disconnected_at, other.last_disconnected_at) if at is not None]
        return Presence(merge(self.runs, other.runs), max(left, default=None))

    def connected(self, takes_events: bool, now: datetime) -> bool:
        """See :func:`is_connected`."""
        return bool(self.runs) and is_connected(self.runs[-1].last, self.last_disconnected_at, takes_events, now)


def is_kind(word: str) -> bool:
    """Whether a word can name an activity kind."""
    return _KIND.fullmatch(word) is not None


def add_activities(*counts: Mapping[str, int]) -> dict[str, int]:
    """Activity counts together: at most 20 kinds keep their name, the rest counts as ``other``.

    The 20 alphabetically first kinds keep theirs. So any order and any split of the same activities gives the same
    counts (a kind among the first 20 of all is among the first 20 of every part, so nothing of it was ever lost to
    ``other``). It is a sum, so it is *not* idempotent: a repeated delivery must be dropped before. Words that are no
    kinds count as ``other``.
    """
    total: dict[str, int] = {}
    for part in counts:
        for word, count in part.items():
            kind = word if is_kind(word) else OTHER
            total[kind] = total.get(kind, 0) + count
    if len(total) > MAX_KINDS:
        for kind in sorted(total.keys() - {OTHER})[MAX_KINDS:]:
            total[OTHER] = total.get(OTHER, 0) + total.pop(kind)
    return total
