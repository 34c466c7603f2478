"""The sweep: clients that vanished are credited up to their last proof of life, and no longer counted as connected.

The server writes a ``timeout`` at that last proof once G has passed or the session takes no more events (1-domain
1.1). Nothing is computed from it: presence is what the points prove.
"""

from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.presence import GAP
from shared.domain.words import UserType
from shared.messages.pushes import PresenceChanged, Push, Stats
from workers.batch import Applied
from workers.drain import sessions_locked
from workers.news import changed_counters
from workers.ports import Ports
from workers.presence import Moves, Participant, count_connected
from workers.tallies import lock_tallies, read_tallies

MOST = 5_000
"""Vanished participants handled in one transaction; the next sweep takes the rest."""

_VANISHED = """
    FROM presence p JOIN live_sessions s ON s.id = p.session_id
    WHERE p.connected AND (p.last_activity_at < :since OR s.status IN ('completed', 'cancelled'))
"""
_SESSIONS = text(f"SELECT DISTINCT p.session_id {_VANISHED} ORDER BY p.session_id LIMIT :most")
_GONE = text(f"""
    UPDATE presence SET connected = false
    WHERE (session_id, user_id) IN (
        SELECT p.session_id, p.user_id {_VANISHED} AND p.session_id = ANY(:ids) LIMIT :most)
    RETURNING session_id, user_id, user_type
""")  # noqa: S608 - a fixed piece
_TIMEOUTS = text("""
    INSERT INTO connection_events (session_id, user_id, user_type, event, occurred_at)
    SELECT p.session_id, p.user_id, p.user_type, 'timeout', p.last_activity_at
    FROM presence p JOIN unnest(CAST(:sessions AS uuid[]), CAST(:users AS uuid[])) AS k (session_id, user_id)
      ON p.session_id = k.session_id AND p.user_id = k.user_id
    ON CONFLICT (session_id, user_id, event, occurred_at) DO NOTHING
""")


def sweep(ports: Ports) -> int:
    """Note everybody who vanished; how many there were."""
    bounds = {"since": ports.now() - GAP, "most": MOST}
    with ports.engine.connect() as connection:
        sessions = list(connection.execute(_SESSIONS, bounds).scalars())
        connection.rollback()
        if not sessions:
            return 0
        with sessions_locked(connection, sessions):
            with connection.begin():
                before = lock_tallies(connection, sessions)
                moves = _mark_gone(connection, sessions, bounds)
                applied = Applied(before, read_tallies(connection, sessions), frozenset(), moves)
            ports.publisher.publish(_tell(ports, sessions, applied))
    return sum(len(users) for users in moves.left.values())


def _mark_gone(connection: Connection, sessions: list[UUID], bounds: dict[str, object]) -> Moves:
    rows = connection.execute(_GONE, {**bounds, "ids": sessions}).all()
    types: dict[Participant, UserType] = {(row.session_id, row.user_id): UserType(row.user_type) for row in rows}
    moves = Moves()
    for participant in types:
        moves.note(participant, before=True, after=False)
    keys = {"sessions": [session for session, _ in types], "users": [user for _, user in types]}
    connection.execute(_TIMEOUTS, keys)
    count_connected(connection, moves, types)
    return moves


def _tell(ports: Ports, sessions: list[UUID], applied: Applied) -> list[Push]:
    now = ports.now()
    pushes: list[Push] = []
    for session_id in sessions:
        _, left = applied.moves.in_session(session_id)
        after = applied.after[session_id]
        counters = changed_counters(applied.before[session_id], after)
        if left:
            pushes.append(Push(session_id, now, PresenceChanged([], left, after.connected)))
        if counters != Stats():
            pushes.append(Push(session_id, now, counters))
    return pushes
