"""``muster verify-history``: whether anybody has changed the past."""

import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from deploy.cli.target import HomeOption, target
from deploy.stack.errors import StackError
from shared.domain.history import Break, Change, Head, first_break

if TYPE_CHECKING:
    from sqlalchemy import Connection, Result, Row

    from shared.settings import Settings

_HEADS = """
    SELECT s.id, h.length, h.hash FROM live_sessions s LEFT JOIN history_heads h ON h.session_id = s.id
    WHERE CAST(:only AS uuid) IS NULL OR s.id = :only ORDER BY s.id
"""
_MARKS = """
    SELECT session_id, place, hash, 'mark' AS kind, id, record_id, student_id, old_status, new_status, reason, source,
           changed_by, changed_at
    FROM attendance_status_changes WHERE CAST(:only AS uuid) IS NULL OR session_id = :only
    ORDER BY session_id, place, id
"""
_STATUSES = """
    SELECT session_id, place, hash, 'session' AS kind, id, old_status, new_status, reason, changed_by, changed_at
    FROM session_status_changes WHERE CAST(:only AS uuid) IS NULL OR session_id = :only
    ORDER BY session_id, place, id
"""
_STANDING = """
    SELECT coalesce(r.session_id, h.session_id) AS session_id, coalesce(r.id, h.record_id) AS id, h.place
    FROM (SELECT DISTINCT ON (record_id) * FROM attendance_status_changes ORDER BY record_id, place DESC) AS h
    FULL JOIN attendance_records r ON r.id = h.record_id
    WHERE (r.status, r.source, r.marked_by) IS DISTINCT FROM
          (h.new_status, CASE WHEN h.new_status IS NOT NULL THEN h.source END,
           CASE WHEN h.new_status IS NOT NULL THEN h.changed_by END)
      AND (CAST(:only AS uuid) IS NULL OR coalesce(r.session_id, h.session_id) = :only)
    ORDER BY 1, 2 LIMIT 1
"""
TABLES = {"mark": "attendance_status_changes", "session": "session_status_changes"}
FIELDS = {
    "mark": ("record_id", "student_id", "old_status", "new_status", "reason", "source", "changed_by", "changed_at"),
    "session": ("old_status", "new_status", "reason", "changed_by", "changed_at"),
}
"""What of a row is hashed, in this order; migration 0005 says the same."""


class Broken(StackError):
    """Somebody changed the past."""

    exit_code = 1


def verify(
    session: Annotated[UUID | None, typer.Option("--session", help="Only this one.", show_default=False)] = None,
    home: HomeOption = None,
) -> None:
    """Check that no history was edited, cut or added to, and that every mark is what its history says."""
    with target(home) as settings, _snapshot(settings) as connection:
        heads = read_heads(connection, session)
        if session and session not in heads:
            raise Broken(f"there is no session {session}")
        with typer.progressbar(check(connection, heads, session), len(heads), "Sessions", file=sys.stderr) as bar:
            changes = sum(bar)
    typer.echo(f"The history is whole: {len(heads)} sessions, {changes} changes.")


def read_heads(connection: "Connection", only: UUID | None = None) -> dict[UUID, Head | None]:
    """Where the history of each session ends, in the order of their ids."""
    with _read(connection, _HEADS, only) as rows:
        return {row.id: None if row.length is None else Head(row.length, bytes(row.hash)) for row in rows}


def check(connection: "Connection", heads: Mapping[UUID, Head | None], only: UUID | None = None) -> Iterator[int]:
    """Check session by session, each giving its number of changes. Raises :class:`Broken` at the first break."""
    with closing(_histories(connection, heads, only)) as histories:
        for session_id, changes in histories:
            head = heads[session_id]
            _require_whole(first_break(session_id, changes, head))
            yield head.length if head else 0
    _require_whole(_standing(connection, only))


def _require_whole(found: Break | None) -> None:
    if found is not None:
        raise Broken(f"session {found.session_id}, place {found.place} of its history: {found.reason}")


@contextmanager
def _snapshot(settings: "Settings") -> "Iterator[Connection]":
    """One moment of the database, however long it takes to read."""
    from sqlalchemy import text

    from shared.database import owner_engine

    engine = owner_engine(settings)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            yield connection
    finally:
        engine.dispose()


def _read(connection: "Connection", statement: str, only: UUID | None) -> "Result[Any]":
    """Rows as they are consumed; to be closed."""
    from sqlalchemy import text

    return connection.execution_options(stream_results=True, yield_per=1000).execute(text(statement), {"only": only})


def _histories(
    connection: "Connection", heads: Iterable[UUID], only: UUID | None
) -> Generator[tuple[UUID, Iterable[Change]], None, None]:
    """Each session with its changes, also where there are none; to be consumed in order."""
    with _read(connection, _MARKS, only) as marks, _read(connection, _STATUSES, only) as statuses:
        rows = merge(marks, statuses, key=lambda row: (row.session_id, row.place, row.id))
        grouped = groupby(map(_change, rows), key=lambda change: change.session_id)
        current = next(grouped, None)
        for session_id in heads:
            if current is not None and current[0] == session_id:
                yield current
                current = next(grouped, None)
            else:
                yield session_id, ()


def _change(row: "Row[Any]") -> Change:
    values = [getattr(row, field) for field in FIELDS[row.kind]]
    where = f"row {row.id} of {TABLES[row.kind]}"
    return Change(row.session_id, row.place, row.kind, values, bytes(row.hash), where)


def _standing(connection: "Connection", only: UUID | None) -> Break | None:
    """A mark that is not what its history says: changed behind the triggers' back."""
    with _read(connection, _STANDING, only) as rows:
        row = rows.first()
    return None if row is None else Break(row.session_id, row.place or 0, f"mark {row.id} is not what its history says")
