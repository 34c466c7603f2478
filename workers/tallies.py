"""Counters of sessions, as a transaction finds and leaves them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from shared.domain.attendance import Tally

_READ = """
    SELECT session_id, enrolled, present, late, absent, excused, connected FROM session_tallies
    WHERE session_id = ANY(:ids)
"""
_LOCK = text(f"{_READ} ORDER BY session_id FOR UPDATE")
_AS_IS = text(_READ)


def lock_tallies(connection: Connection, sessions: Sequence[UUID]) -> dict[UUID, Tally]:
    """The counters, locked. Every writer locks them first and in this order, so none can block another."""
    return _tallies(connection, _LOCK, sessions)


def read_tallies(connection: Connection, sessions: Sequence[UUID]) -> dict[UUID, Tally]:
    """The counters as they stand."""
    return _tallies(connection, _AS_IS, sessions)


def _tallies(connection: Connection, statement: TextClause, sessions: Sequence[UUID]) -> dict[UUID, Tally]:
    rows = connection.execute(statement, {"ids": list(sessions)})
    return {row.session_id: Tally(*row[1:]) for row in rows}
