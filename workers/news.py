"""News: what dashboards are told about facts, with absolute values read in the facts' own transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.attendance import Tally
from shared.messages.events import CheckInAccepted, Event, MarksChanged
from shared.messages.pushes import (
    MARKS_PER_FRAME,
    CheckInLocation,
    CheckIns,
    LiveAttendanceUpdate,
    MarkChange,
    Marks,
    PresenceChanged,
    Push,
    PushData,
    Stats,
    StatusChanged,
    lower,
)
from workers.batch import Applied, Batch
from workers.calls import called, confirmed

CHECK_INS_PER_FRAME = 100
"""Some 30 kB; a rush is many frames, so that no single one holds up a gateway's loop."""

Item = TypeVar("Item")

_STATUS = text("SELECT id, status FROM live_sessions WHERE id = ANY(:ids)")
_NAMES = text("""
    SELECT u.id, coalesce(n.student_number, '') AS student_number, u.first_name || ' ' || u.last_name AS name
    FROM users u LEFT JOIN students n ON n.user_id = u.id WHERE u.id = ANY(:ids)
""")
_MARKS = text("""
    SELECT asked.student_id, r.status, coalesce(r.source, 'manual') AS source, coalesce(r.updated_at, now()) AS at
    FROM unnest(CAST(:students AS uuid[])) AS asked (student_id)
    LEFT JOIN attendance_records r ON r.session_id = :session AND r.student_id = asked.student_id
    ORDER BY asked.student_id
""")


def announce(connection: Connection, batch: Batch, applied: Applied) -> list[Push]:
    """The pushes of a batch, session by session, so that each channel gets its own in one go."""
    now: datetime = connection.execute(text("SELECT now()")).scalar_one()
    names = _names(connection, batch.check_ins)
    standing = _standing(connection, batch)
    pushes: list[Push] = []
    for session_id in batch.sessions:
        said: list[PushData] = [
            *_status_changes(batch, session_id, standing),
            *_check_ins([event for event in batch.check_ins if event.session_id == session_id], names),
            *_marks(connection, [event for event in batch.marks if event.session_id == session_id]),
            *called(connection, [event for event in batch.calls if event.session_id == session_id]),
            *confirmed(connection, [event for event in batch.confirmations if event.session_id == session_id]),
            *_moves(applied, session_id),
            *_counters(batch, applied, session_id),
        ]
        pushes += [Push(session_id, now, data) for data in said]
    return pushes


def _status_changes(batch: Batch, session_id: UUID, standing: dict[UUID, str]) -> Iterator[StatusChanged]:
    """Changes whose outcome still stands: one that is delivered again late must not undo what came after it."""
    for event in batch.statuses:
        if event.session_id == session_id and event.new_status == standing.get(session_id):
            yield StatusChanged(event.old_status, event.new_status, event.reason)


def _check_ins(events: Sequence[CheckInAccepted], names: dict[UUID, tuple[str, str]]) -> Iterator[CheckIns]:
    updates = (
        LiveAttendanceUpdate(
            session_id=event.session_id,
            student_id=event.student_id,
            student_number=names[event.student_id][0],
            student_name=names[event.student_id][1],
            timestamp=event.scanned_at,
            status=lower(event.status),
            check_in_location=_location(event),
        )
        for event in sorted(events, key=lambda event: (event.scanned_at, event.id))
    )
    for chunk in _chunks(updates, CHECK_INS_PER_FRAME):
        yield CheckIns(chunk)


def _location(event: CheckInAccepted) -> CheckInLocation | None:
    if event.inside is None or event.distance_meters is None:
        return None
    return CheckInLocation(event.inside, event.distance_meters)


def _marks(connection: Connection, events: Sequence[MarksChanged]) -> Iterator[Marks]:
    students = sorted({student for event in events for student in event.student_ids})
    if not students:
        return
    rows = connection.execute(_MARKS, {"students": students, "session": events[0].session_id})
    changes = (MarkChange(row.student_id, row.status and lower(row.status), row.source, row.at) for row in rows)
    for chunk in _chunks(changes, MARKS_PER_FRAME):
        yield Marks(chunk)


def _moves(applied: Applied, session_id: UUID) -> Iterator[PresenceChanged]:
    joined, left = applied.moves.in_session(session_id)
    if joined or left:
        yield PresenceChanged(joined, left, applied.after[session_id].connected)


def _counters(batch: Batch, applied: Applied, session_id: UUID) -> Iterator[Stats]:
    """Only what changed. Where the change lies outside this transaction (a person's write, a second delivery whose
    first news may have been lost) everything is said."""
    ours = [event.id in applied.new for event in batch.check_ins if event.session_id == session_id]
    told: list[Event] = [*batch.statuses, *batch.marks, *batch.rosters]
    others = any(event.session_id == session_id for event in told)
    before = None if others or not all(ours) else applied.before.get(session_id)
    if (after := applied.after.get(session_id)) is None:
        return
    stats = changed_counters(before, after)
    if stats != Stats():
        yield stats


def changed_counters(before: Tally | None, after: Tally) -> Stats:
    """The counters that differ; all of them where there is nothing to compare with."""
    new = _named(after)
    old = {} if before is None else _named(before)
    return Stats(**{name: value for name, value in new.items() if old.get(name) != value})  # type: ignore[arg-type]


def _named(tally: Tally) -> dict[str, int | float]:
    return {
        "present_students": tally.present + tally.late,
        "late_students": tally.late,
        "absent_students": tally.absent,
        "excused_students": tally.excused,
        "not_marked": tally.not_marked,
        "connected_count": tally.connected,
        "attendance_rate": tally.rate,
    }


def _standing(connection: Connection, batch: Batch) -> dict[UUID, str]:
    if not batch.statuses:
        return {}
    rows = connection.execute(_STATUS, {"ids": [event.session_id for event in batch.statuses]})
    return {row.id: row.status for row in rows}


def _names(connection: Connection, events: Sequence[CheckInAccepted]) -> dict[UUID, tuple[str, str]]:
    if not events:
        return {}
    rows = connection.execute(_NAMES, {"ids": list({event.student_id for event in events})})
    return {row.id: (row.student_number, row.name) for row in rows}


def _chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while chunk := list(islice(items, size)):
        yield chunk
