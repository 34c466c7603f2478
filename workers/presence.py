"""Presence in the drain: points become runs, whatever order, number and batches they come in.

A batch is folded in memory to one row per participant, then united with what is stored in one statement; every
stored value is a function of the united ranges (1-domain 1.1). Only activity counts are sums, so an activity that was
counted before is remembered: by what it says, because the same one may come by stream and by inbox, when the answer to
its append was lost.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from shared.domain.presence import Runs, active_time, add_activities, covered, fold
from shared.domain.words import Connection as Event
from shared.domain.words import UserType
from shared.messages.events import PointProven

Participant = tuple[UUID, UUID]
"""Session and person."""

_BEFORE = text("""
    SELECT p.session_id, p.user_id, p.connected FROM presence p
    JOIN unnest(CAST(:sessions AS uuid[]), CAST(:users AS uuid[])) AS k (session_id, user_id)
      ON p.session_id = k.session_id AND p.user_id = k.user_id
    ORDER BY p.session_id, p.user_id FOR UPDATE OF p
""")
_UNITE = text("""
    INSERT INTO presence AS p (session_id, user_id, user_type, covered, first_connected_at, last_activity_at,
                               last_disconnected_at, total_active_seconds, connects, activity_counts, connected)
    SELECT k.session_id, k.user_id, k.user_type, CAST(k.covered AS tstzmultirange), k.first, k.last, k.gone, k.active,
           k.runs, CAST(k.counts AS jsonb),
           (k.gone IS NULL OR k.gone < k.last) AND coalesce(s.status IN ('scheduled', 'active'), false)
    FROM unnest(CAST(:sessions AS uuid[]), CAST(:users AS uuid[]), CAST(:types AS text[]), CAST(:covered AS text[]),
                CAST(:firsts AS timestamptz[]), CAST(:lasts AS timestamptz[]), CAST(:gones AS timestamptz[]),
                CAST(:actives AS float8[]), CAST(:runs AS integer[]), CAST(:counts AS text[]))
         AS k (session_id, user_id, user_type, covered, first, last, gone, active, runs, counts)
    LEFT JOIN live_sessions s ON s.id = k.session_id
    ON CONFLICT (session_id, user_id) DO UPDATE SET
        covered = p.covered + excluded.covered,
        first_connected_at = least(p.first_connected_at, excluded.first_connected_at),
        last_activity_at = greatest(p.last_activity_at, excluded.last_activity_at),
        last_disconnected_at = greatest(p.last_disconnected_at, excluded.last_disconnected_at),
        total_active_seconds = muster_active_seconds(p.covered + excluded.covered),
        connects = muster_runs(p.covered + excluded.covered),
        activity_counts = CASE WHEN excluded.activity_counts = '{}' THEN p.activity_counts
                               ELSE muster_add_activities(p.activity_counts, excluded.activity_counts) END,
        connected = coalesce(greatest(p.last_disconnected_at, excluded.last_disconnected_at)
                             < greatest(p.last_activity_at, excluded.last_activity_at), true)
                    AND EXISTS (SELECT 1 FROM live_sessions s
                                WHERE s.id = p.session_id AND s.status IN ('scheduled', 'active'))
    RETURNING session_id, user_id, connected
""")
_AUDIT = text("""
    INSERT INTO connection_events (session_id, user_id, user_type, event, occurred_at)
    SELECT * FROM unnest(CAST(:sessions AS uuid[]), CAST(:users AS uuid[]), CAST(:types AS text[]),
                         CAST(:events AS text[]), CAST(:times AS timestamptz[]))
    ON CONFLICT (session_id, user_id, event, occurred_at) DO NOTHING
""")
_COUNT_ONCE = text("""
    INSERT INTO counted_deliveries (delivery) SELECT unnest(CAST(:keys AS text[]))
    ON CONFLICT (delivery) DO NOTHING RETURNING delivery
""")
_CONNECTED = text("""
    UPDATE session_tallies t SET connected = greatest(0, t.connected + d.change), updated_at = now()
    FROM unnest(CAST(:sessions AS uuid[]), CAST(:changes AS integer[])) AS d (session_id, change)
    WHERE t.session_id = d.session_id AND d.change <> 0
""")


@dataclass
class Moves:
    """Who came and went, per session."""

    joined: dict[UUID, list[UUID]] = field(default_factory=dict)
    left: dict[UUID, list[UUID]] = field(default_factory=dict)

    def note(self, participant: Participant, before: bool, after: bool) -> None:
        """Keep a change; nothing where there is none."""
        if before != after:
            side = self.joined if after else self.left
            side.setdefault(participant[0], []).append(participant[1])

    def in_session(self, session_id: UUID) -> tuple[list[UUID], list[UUID]]:
        """Joined and left of one session, in a stable order."""
        return sorted(self.joined.get(session_id, [])), sorted(self.left.get(session_id, []))


def keep_presence(connection: Connection, points: Sequence[PointProven]) -> Moves:
    """Write what points prove. The session's tallies are locked already."""
    moves = Moves()
    if not points:
        return moves
    types = {(point.session_id, point.user_id): point.user_type for point in points}
    before = _before(connection, types)
    for participant, after in _unite(connection, types, points, _activities(connection, points)).items():
        moves.note(participant, before.get(participant, False), after)
    _audit(connection, [point for point in points if point.event is not Event.HEARTBEAT])
    count_connected(connection, moves, types)
    return moves


def count_connected(connection: Connection, moves: Moves, types: dict[Participant, UserType]) -> None:
    """Add the students who came and subtract those who went."""
    changes: Counter[UUID] = Counter()
    for side, step in ((moves.joined, 1), (moves.left, -1)):
        for session_id, users in side.items():
            changes[session_id] += step * sum(types[session_id, user] is UserType.STUDENT for user in users)
    if changes:
        sessions = sorted(changes)
        connection.execute(_CONNECTED, {"sessions": sessions, "changes": [changes[key] for key in sessions]})


def _before(connection: Connection, types: dict[Participant, UserType]) -> dict[Participant, bool]:
    rows = connection.execute(_BEFORE, _keys(sorted(types)))
    return {(row.session_id, row.user_id): row.connected for row in rows}


def _unite(
    connection: Connection,
    types: dict[Participant, UserType],
    points: Sequence[PointProven],
    counts: dict[Participant, dict[str, int]],
) -> dict[Participant, bool]:
    runs = fold(((point.session_id, point.user_id), point.at) for point in points)
    gone = _latest_disconnects(points)
    order = sorted(runs)
    values = {
        **_keys(order),
        "types": [types[key].value for key in order],
        "covered": [_multirange(runs[key]) for key in order],
        "firsts": [runs[key][0].first for key in order],
        "lasts": [runs[key][-1].last for key in order],
        "gones": [gone.get(key) for key in order],
        "actives": [active_time(runs[key]).total_seconds() for key in order],
        "runs": [len(runs[key]) for key in order],
        "counts": [msgspec.json.encode(counts.get(key, {})).decode() for key in order],
    }
    rows = connection.execute(_UNITE, values)
    return {(row.session_id, row.user_id): row.connected for row in rows}


def _activities(connection: Connection, points: Sequence[PointProven]) -> dict[Participant, dict[str, int]]:
    """What to add to the counts: activities that were not counted before, in this batch or an earlier one."""
    acting = {_name(point): point for point in points if point.activity is not None}
    if not acting:
        return {}
    fresh = connection.execute(_COUNT_ONCE, {"keys": sorted(acting)}).scalars()
    found: dict[Participant, Counter[str]] = {}
    for point in map(acting.__getitem__, fresh):
        found.setdefault((point.session_id, point.user_id), Counter())[point.activity or ""] += 1
    return {participant: add_activities(counted) for participant, counted in found.items()}


def _name(point: PointProven) -> str:
    """Names an activity however it comes: nobody does the same thing twice in a microsecond."""
    return f"{point.session_id} {point.user_id} {point.at.isoformat()} {point.activity}"


def _audit(connection: Connection, points: Sequence[PointProven]) -> None:
    """The list of connects and disconnects, each once."""
    if points:
        values: dict[str, Any] = {
            **_keys([(point.session_id, point.user_id) for point in points]),
            "types": [point.user_type.value for point in points],
            "events": [point.event.value for point in points],
            "times": [point.at for point in points],
        }
        connection.execute(_AUDIT, values)


def _keys(participants: Sequence[Participant]) -> dict[str, Any]:
    return {"sessions": [session for session, _ in participants], "users": [user for _, user in participants]}


def _latest_disconnects(points: Sequence[PointProven]) -> dict[Participant, datetime]:
    latest: dict[Participant, datetime] = {}
    for point in points:
        if point.event is Event.DISCONNECT:
            key = (point.session_id, point.user_id)
            latest[key] = max(point.at, latest.get(key, point.at))
    return latest


def _multirange(runs: Runs) -> str:
    """The stored form as PostgreSQL reads it."""
    return "{" + ",".join(f'["{lower.isoformat()}","{upper.isoformat()}")' for lower, upper in covered(runs)) + "}"
