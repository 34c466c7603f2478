"""What must follow from the ledger, by the domain's own pure functions; each check names what is wrong, or nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from loadtests.chaos.calm import Calm
from loadtests.chaos.ledger import CheckedIn, Doubt, Life, Sign, Stay
from shared.domain.attendance import check_in_mark
from shared.domain.presence import GAP, Run, Runs, active_time, merge, runs_of
from shared.domain.words import Connection

OLD = timedelta(seconds=15)
"""So long before its socket's end a sign of life is owed, unless Redis was away nearly all the while."""
FEWEST_SIGNS, LEAST_OWED = 20, 0.1
"""Of fewer signs nothing is said; else so large a share of them must be owed."""


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
    if wrong := _inconsistent(stored):
        return wrong
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


def wrong_sitting(kept: Sequence[Sign], doubtful: Sequence[Sign], stored: StoredPresence | None) -> str | None:
    """What sockets proved is there, and nothing else is.

    Where two signs that count are certainly less than G apart no second between them may be missing, whatever became
    of the gateway meanwhile: its clients came back in time.
    """
    if stored is None:
        return "lost: no presence at all" if kept else None
    if wrong := _inconsistent(stored):
        return wrong
    known = sorted(kept, key=lambda sign: sign.since)
    places = [next((run for run in stored.runs if _meets(run, sign)), None) for sign in known]
    if None in places:
        return "lost: a sign of life"
    pairs = zip(zip(known, places, strict=True), zip(known[1:], places[1:], strict=True), strict=False)
    if any(later.until - before.since <= GAP and here != there for (before, here), (later, there) in pairs):
        return "lost: seconds between two signs of life"
    borders = [border for run in stored.runs for border in run]
    if not all(any(sign.covers(border) for sign in (*kept, *doubtful)) for border in borders):
        return "seconds were credited that nobody proved"
    return _wrong_sums(kept, doubtful, stored.activities)


def wrong_doubts(lives: Sequence[Life], calm: Calm) -> str | None:
    """Whether presence by socket was judged at all: where next to nothing is owed, everything could be lost unseen.

    Looked at for all signs, and for those on lost sockets that only a calm makes owed: the last sockets, which nobody
    killed, would hide that those are in doubt one and all.
    """
    every = [life.is_owed(sign, calm) for life in lives for sign in life.signs]
    lost = [(life, life.ended) for life in lives if life.is_in and life.ended is not None]
    old = [life.is_owed(sign, calm) for life, end in lost for sign in life.signs if end - sign.until >= OLD]
    for what, owed in (("", every), (" that was lost", old)):
        if len(owed) >= FEWEST_SIGNS and sum(owed) < LEAST_OWED * len(owed):
            return f"nothing was judged of presence by socket{what}: {sum(owed)} of {len(owed)} signs of life are owed"
    return None


def _meets(run: Run, sign: Sign) -> bool:
    return run.first <= sign.until and sign.since <= run.last


def _wrong_sums(kept: Sequence[Sign], doubtful: Sequence[Sign], stored: dict[str, int]) -> str | None:
    told = Stay(activities=Counter(sign.activity for sign in kept if sign.activity is not None))
    told.doubts += [Doubt(Connection.HEARTBEAT, sign.activity, sign.since, sign.until) for sign in doubtful]
    return wrong_counts(told, stored)


def _inconsistent(stored: StoredPresence) -> str | None:
    if active_time(stored.runs).total_seconds() != stored.active_seconds or len(stored.runs) != stored.connects:
        return "seconds or connects are not those of the stored runs"
    if (stored.first, stored.last) != (stored.runs[0].first, stored.runs[-1].last):
        return "first or last is not that of the stored runs"
    return None


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
