"""Calls that sessions make by themselves: the moment of a re-check is drawn, and when one is due it is asked.

Everything is in PostgreSQL (docs/calls.md): a worker may die between any two lines and another goes on. A kind of call
is made once in a session, whoever looks: the session is locked while it is made, and a unique index holds besides. What
does not fit now (nobody there yet, another call open, codes hidden) is looked at again, until the planned end. A call
is over by then, and a re-check by the moment of an exit check that is still to come: none hides another.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import Connection, text

from shared.calling import CALL, IN_THE_ROOM, NEW_CODES, new_call
from shared.domain.attendance import session_start
from shared.domain.calls import SHORTEST_ANSWER, closing, moment_of_recheck
from shared.domain.words import CallKind
from shared.inbox import PUT, rows
from shared.messages.events import ConfirmationCalled
from workers.ports import Ports
from workers.project import project
from workers.tallies import lock_tallies

log = structlog.get_logger()

_UNDRAWN = text("""
    SELECT r.session_id, s.scheduled_start, s.started_at, s.scheduled_end,
           make_interval(secs => r.seconds, mins => coalesce(e.minutes_before, 0)) AS reserved
    FROM call_rules r JOIN live_sessions s ON s.id = r.session_id
    LEFT JOIN call_rules e ON e.session_id = r.session_id AND e.kind = 'exit'
    WHERE s.status = 'active' AND r.kind = 'recheck' AND r.due_at IS NULL
""")
_DRAW = text("""
    UPDATE call_rules SET due_at = :due WHERE session_id = :session AND kind = 'recheck' AND due_at IS NULL
""")
_DUE = """
    SELECT r.session_id, r.kind, r.share, r.seconds, o.over_by
    FROM call_rules r JOIN live_sessions s ON s.id = r.session_id
    LEFT JOIN call_rules e ON e.session_id = s.id AND e.kind = 'exit' AND r.kind = 'recheck' AND NOT EXISTS (
        SELECT 1 FROM confirmation_calls x WHERE x.session_id = s.id AND x.kind = 'exit' AND x.called_by IS NULL)
    CROSS JOIN LATERAL (
        SELECT s.scheduled_end - make_interval(mins => coalesce(e.minutes_before, 0)) AS over_by) AS o
    WHERE s.status = 'active' AND s.code_visible AND (o.over_by IS NULL OR :shortest <= o.over_by)
      AND :now >= coalesce(s.scheduled_end - make_interval(mins => r.minutes_before), r.due_at)
      AND NOT EXISTS (SELECT 1 FROM confirmation_calls c WHERE c.session_id = s.id
                      AND (c.closes_at > :now OR (c.kind = r.kind AND c.called_by IS NULL)))
"""
_ANYWHERE = text(f"SELECT DISTINCT session_id FROM ({_DUE}) AS due")  # noqa: S608 - a fixed piece
_HERE = text(f"{_DUE} AND s.id = :session ORDER BY r.kind DESC LIMIT 1")
_LOCK = text("SELECT 1 FROM live_sessions WHERE id = :session FOR UPDATE")


def ask_by_rule(ports: Ports) -> int:
    """Ask where a session's own rule says that it is time; how many sessions were."""
    with ports.engine.begin() as connection:
        _draw_moments(connection, ports.now())
        due = list(connection.execute(_ANYWHERE, _times(ports.now())).scalars())
    asked = sum(_ask(ports, session_id) for session_id in due)
    if asked:
        log.info("asked to confirm by the sessions' rules", count=asked)
    return asked


def _draw_moments(connection: Connection, now: datetime) -> None:
    """Once per session: a moment that is kept cannot be drawn again until it suits."""
    for row in connection.execute(_UNDRAWN).all():
        start = session_start(row.scheduled_start, row.started_at)
        due = moment_of_recheck(start, row.scheduled_end, now, secrets.SystemRandom().random(), row.reserved)
        connection.execute(_DRAW, {"session": row.session_id, "due": due})


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "shortest": now + SHORTEST_ANSWER}


def _ask(ports: Ports, session_id: UUID) -> bool:
    """One call, if it is still due once the session is ours; then every process hears of it at once. The drain tells
    them again, should this process die in between."""
    with ports.engine.connect() as connection:
        with connection.begin():
            made = _call(connection, session_id, ports.now)
        if made:
            project(ports, connection, [session_id])
    return made


def _call(connection: Connection, session_id: UUID, clock: Callable[[], datetime]) -> bool:
    """Counters are locked first, as by every writer. The time to answer begins when the session is ours."""
    lock_tallies(connection, [session_id])
    connection.execute(_LOCK, {"session": session_id})
    now = clock()
    rule = connection.execute(_HERE, {**_times(now), "session": session_id}).one_or_none()
    there = list(connection.execute(IN_THE_ROOM, {"id": session_id}).scalars()) if rule else []
    if rule is None or not there:
        return False
    closes_at = closing(now, rule.seconds, rule.over_by)
    values = new_call(session_id, CallKind(rule.kind), None, there, rule.share, now, closes_at)
    connection.execute(CALL, values)
    connection.execute(NEW_CODES, values)
    connection.execute(PUT, rows([ConfirmationCalled(session_id, values["id"])]))
    return True
