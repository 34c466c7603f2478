"""History is written by PostgreSQL with every change, chained per session, and cannot be rewritten unseen."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from deploy.cli.history import Broken, check, read_heads
from shared.domain.history import EPOCH
from tests.campus import Classroom
from tests.database.voices import speaking
from tests.workers.events import running_session

_MARK = text("""
    INSERT INTO attendance_records (id, session_id, student_id, status, source, notes, reason, marked_by)
    SELECT gen_random_uuid(), :session, unnest(CAST(:students AS uuid[])), 'PRESENT', 'manual', 'note', :reason, :me
""")
_LATE = text("""
    UPDATE attendance_records SET status = 'LATE', reason = NULL, marked_by = :me
    WHERE session_id = :id AND student_id = :student
""")
_GONE = text("DELETE FROM attendance_records WHERE session_id = :id AND student_id = :student")
_END = text("UPDATE live_sessions SET status = 'completed', ended_at = now() WHERE id = :session")


@pytest.fixture
def session_id(owner: Engine, classroom: Classroom) -> UUID:
    """A running session in which everybody is marked, one was changed and one mark deleted."""
    found = running_session(owner, classroom)
    me = classroom.teacher.id
    with speaking(owner, "muster_teacher", me) as connection:
        mark(connection, classroom, found, 'ärger "1"\n\t\\ \x01')
        connection.execute(_LATE, {"me": me, "id": found, "student": classroom.students[0].id})
        connection.execute(_GONE, {"id": found, "student": classroom.students[1].id})
        connection.execute(_END, {"session": found})
    return found


def mark(connection: Connection, room: Classroom, session_id: UUID, reason: str | None = None) -> None:
    """Mark everybody present."""
    students = [student.id for student in room.students]
    values = {"session": session_id, "students": students, "reason": reason, "me": room.teacher.id}
    connection.execute(_MARK, values)


def history(connection: Connection, session_id: UUID) -> list[tuple[int, str | None, str | None]]:
    """Place, old and new status of every change."""
    statement = text("""
        SELECT place, old_status, new_status FROM session_status_changes WHERE session_id = :id
        UNION ALL SELECT place, old_status, new_status FROM attendance_status_changes WHERE session_id = :id ORDER BY 1
    """)
    return [tuple(row) for row in connection.execute(statement, {"id": session_id})]


def verified(connection: Connection, session_id: UUID) -> int:
    """The number of changes of a whole history."""
    return sum(check(connection, read_heads(connection, session_id), session_id))


@pytest.fixture
def forger(owner: Engine) -> Iterator[Connection]:
    """The owner, who may do anything; what is forged is taken back after the test."""
    with owner.connect() as connection:
        yield connection


def test_every_change_has_the_next_place(owner: Engine, session_id: UUID) -> None:
    with owner.connect() as connection:
        assert history(connection, session_id) == [
            (1, None, "active"),
            (2, None, "PRESENT"),
            (3, None, "PRESENT"),
            (4, None, "PRESENT"),
            (5, "PRESENT", "LATE"),
            (6, "PRESENT", None),
            (7, "active", "completed"),
        ]
        assert verified(connection, session_id) == 7


def test_the_whole_campus_is_whole(owner: Engine) -> None:
    with owner.connect() as connection:
        heads = read_heads(connection)
        assert sum(check(connection, heads)) >= len(heads) > 0


@pytest.mark.parametrize(
    ("forgery", "place"),
    [
        ("UPDATE attendance_status_changes SET new_status = 'ABSENT' WHERE session_id = :id AND place = 3", 3),
        ("UPDATE attendance_status_changes SET reason = NULL WHERE session_id = :id AND place = 2", 2),
        ("UPDATE attendance_status_changes SET changed_by = NULL WHERE session_id = :id AND place = 5", 5),
        ("UPDATE attendance_status_changes SET changed_at = changed_at - interval '1 us' WHERE session_id = :id", 2),
        ("UPDATE session_status_changes SET changed_at = now() WHERE session_id = :id AND place = 7", 7),
        ("DELETE FROM attendance_status_changes WHERE session_id = :id AND place = 4", 4),
        ("DELETE FROM session_status_changes WHERE session_id = :id AND place = 7", 7),
        ("DELETE FROM history_heads WHERE session_id = :id", 8),
        ("UPDATE history_heads SET length = 6 WHERE session_id = :id", 8),
        (
            "INSERT INTO session_status_changes (session_id, new_status, place, hash) "
            "SELECT session_id, 'cancelled', 3, hash FROM history_heads WHERE session_id = :id",
            3,
        ),
    ],
)
def test_a_forged_history_is_found(forger: Connection, session_id: UUID, forgery: str, place: int) -> None:
    forger.execute(text("ALTER TABLE session_status_changes DISABLE TRIGGER extend_history"))
    forger.execute(text(forgery), {"id": session_id})
    with pytest.raises(Broken, match=f"session {session_id}, place {place} of its history"):
        verified(forger, session_id)


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE attendance_records SET status = 'ABSENT' WHERE session_id = :id",
        "UPDATE attendance_records SET source = 'qr_checkin' WHERE session_id = :id",
        "UPDATE attendance_records SET marked_by = NULL WHERE session_id = :id",
        "DELETE FROM attendance_records WHERE session_id = :id",
    ],
)
def test_a_mark_changed_behind_the_triggers_is_found(forger: Connection, session_id: UUID, forgery: str) -> None:
    forger.execute(text("ALTER TABLE attendance_records DISABLE TRIGGER USER"))
    forger.execute(text(forgery), {"id": session_id})
    with pytest.raises(Broken, match="is not what its history says"):
        verified(forger, session_id)


@pytest.mark.parametrize("table", ["attendance_status_changes", "session_status_changes"])
def test_a_row_that_does_not_continue_the_chain_is_refused(owner: Engine, session_id: UUID, table: str) -> None:
    copied = text(f"""INSERT INTO {table} OVERRIDING USER VALUE
        SELECT * FROM {table} WHERE session_id = :id ORDER BY place DESC LIMIT 1""")
    shifted = text(f"""
        INSERT INTO {table} OVERRIDING USER VALUE SELECT (jsonb_populate_record(c, '{{"place": 8}}')).*
        FROM {table} c WHERE session_id = :id ORDER BY place DESC LIMIT 1""")
    with owner.connect() as connection, pytest.raises(IntegrityError, match="uq_"):
        connection.execute(copied, {"id": session_id})
    with owner.connect() as connection, pytest.raises(IntegrityError, match="does not continue the history"):
        connection.execute(shifted, {"id": session_id})


@pytest.mark.parametrize("role", ["muster_admin", "muster_teacher", "muster_worker"])
@pytest.mark.parametrize("change", ["length = 2", "length = 99", "hash = ''", "length = length + 1"])
def test_no_application_role_moves_the_head(
    owner: Engine, classroom: Classroom, session_id: UUID, role: str, change: str
) -> None:
    with pytest.raises(IntegrityError, match="does not end there"), speaking(owner, role, classroom.teacher.id) as sql:
        sql.execute(text(f"UPDATE history_heads SET {change} WHERE session_id = :id"), {"id": session_id})


def test_nobody_writes_history_in_anothers_name(owner: Engine, classroom: Classroom) -> None:
    session_id = running_session(owner, classroom)
    other = classroom.students[0].id
    forged = text("""INSERT INTO attendance_records (id, session_id, student_id, status, source, marked_by)
                     VALUES (gen_random_uuid(), :session, :student, 'PRESENT', 'manual', :by)""")
    for by in (other, None):
        with (
            pytest.raises(ProgrammingError, match="row-level security"),
            speaking(owner, "muster_teacher", classroom.teacher.id) as connection,
        ):
            connection.execute(forged, {"session": session_id, "student": other, "by": by})


def test_times_never_run_against_places(owner: Engine, session_id: UUID) -> None:
    statement = text("SELECT changed_at FROM attendance_status_changes WHERE session_id = :id ORDER BY place")
    with owner.connect() as connection:
        times = connection.execute(statement, {"id": session_id}).scalars().all()
    assert times == sorted(times)
    assert datetime.now(UTC) - timedelta(minutes=1) < times[0] <= datetime.now(UTC)


@pytest.mark.parametrize("value", ["", 'a"b\\c', "tab\t line\n bell\x07 \x1f\x7f", "ä € 😀 \u2028", "/</script>"])
def test_python_and_postgresql_write_the_same_content(owner: Engine, value: str) -> None:
    statement = text("SELECT json_build_array('mark', 1::bigint, CAST(:value AS text), NULL)::text")
    with owner.connect() as connection:
        assert connection.execute(statement, {"value": value}).scalar_one() == json.dumps(
            ["mark", 1, value, None], ensure_ascii=False
        )


def test_microseconds_are_exact(owner: Engine) -> None:
    moment = datetime(2099, 12, 31, 23, 59, 59, 999_999, UTC)
    with owner.connect() as connection:
        found: Any = connection.execute(text("SELECT muster_micros(:at)"), {"at": moment}).scalar_one()
    assert found == (moment - EPOCH) // timedelta(microseconds=1)


def test_concurrent_writers_of_one_session_make_one_chain(owner: Engine, classroom: Classroom) -> None:
    """Two writers that lock nothing first: each waits for the head, none loses its place."""
    session_id = running_session(owner, classroom)
    with speaking(owner, "muster_teacher", classroom.teacher.id) as connection:
        mark(connection, classroom, session_id)
    change = text("""UPDATE attendance_records SET status = :status, marked_by = :me, updated_at = now()
                     WHERE session_id = :session AND student_id = :student""")

    def write(student: UUID) -> None:
        for place in range(20):
            values = {"status": ("LATE", "PRESENT")[place % 2], "session": session_id, "student": student}
            with speaking(owner, "muster_teacher", classroom.teacher.id) as connection:
                connection.execute(change, {**values, "me": classroom.teacher.id})

    threads = [threading.Thread(target=write, args=(student.id,)) for student in classroom.students]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with owner.connect() as connection:
        assert verified(connection, session_id) == 1 + 3 + 20 * 3
