"""What must follow from the ledger, by the domain's own pure functions; each check names what is wrong, or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from loadtests.chaos.ledger import CheckedIn, Doubt, Stay
from shared.domain.attendance import check_in_mark
from shared.domain.presence import Runs, active_time, merge, runs_of
from shared.domain.words import Connection


@dataclass(frozen=True, slots=True)
class StoredPresence:
    """A presence row."""

    runs: Runs
    active_seconds: float
    connects: int
    first: datetime
    last: datetime
    disconnected: datetime | None
    activities: dict[str, int]


def wrong_presence(stay: Stay, stored: StoredPresence | None) -> str | None:
    """Seconds and all else are exact where every request was answered; else what is more must lie in a doubt."""
    if stored is None:
        return "lost: no presence at all" if stay.points else None
    if active_time(stored.runs).total_seconds() != stored.active_seconds or len(stored.runs) != stored.connects:
        return "seconds or connects are not those of the stored runs"
    if (stored.first, stored.last) != (stored.runs[0].first, stored.runs[-1].last):
        return "first or last is not that of the stored runs"
    proven = runs_of(stay.points)
    if stored.runs == proven:
        return _wrong_rest(stay, stored)
    if merge(stored.runs, proven) != stored.runs:
        return "lost: seconds that were acknowledged are missing"
    known = set(stay.points)
    borders = [border for run in stored.runs for border in run if border not in known]
    if not all(any(doubt.covers(border) for doubt in stay.doubts) for border in borders):
        return "seconds were credited that nobody reported"
    return _wrong_rest(stay, stored)


def _wrong_rest(stay: Stay, stored: StoredPresence) -> str | None:
    latest = max(stay.disconnects, default=None)
    if stored.disconnected != latest:
        doubts = [doubt for doubt in stay.doubts if doubt.event is Connection.DISCONNECT]
        if stored.disconnected is None or not any(doubt.covers(stored.disconnected) for doubt in doubts):
            return "the last disconnect is another"
    return wrong_counts(stay, stored.activities)


def wrong_counts(stay: Stay, stored: dict[str, int]) -> str | None:
    """Activities are sums, the one thing that a second delivery could double."""
    for kind in stay.activities.keys() | stored.keys():
        least, found = stay.activities[kind], stored.get(kind, 0)
        most = least + sum(doubt.activity == kind for doubt in stay.doubts)
        if found < least:
            return f"lost: {least - found} activities"
        if found > most:
            return f"double: {found - most} activities"
    return None


def wrong_audit(
    acknowledged: Iterable[datetime], doubts: Iterable[Doubt], event: Connection, stored: Sequence[datetime]
) -> str | None:
    """The list of connects or disconnects: every acknowledged one, once, and others only in doubts."""
    known, windows = set(acknowledged), [doubt for doubt in doubts if doubt.event is event]
    if missing := known - set(stored):
        return f"lost: {len(missing)} of event {event}"
    extra = [moment for moment in stored if moment not in known]
    if len(extra) > len(windows) or not all(any(doubt.covers(at) for doubt in windows) for at in extra):
        return f"double: {len(extra)} of event {event}"
    return None


def wrong_check_in(known: CheckedIn, stored: set[UUID], start: datetime) -> str | None:
    """Every id that a student was given is kept; what is kept beyond comes from tries in doubt; lateness is right."""
    if missing := known.acknowledged.keys() - stored:
        return f"lost: {len(missing)} check-ins"
    if len(stored - known.acknowledged.keys()) > known.doubts:
        return "double: a check-in that nobody made"
    if any(check_in_mark(at, start).lower() != status for status, at in known.acknowledged.values()):
        return "present or late is wrong"
    return None


def wrong_mark_history(decided: Sequence[str], stored: Sequence[str]) -> str | None:
    """A person's decisions, in their order; the same again is no change."""
    expected = [status for status, _ in groupby(decided)]
    if list(stored) == expected:
        return None
    return "lost: a mark in the history" if len(stored) < len(expected) else "double: a mark in the history"
