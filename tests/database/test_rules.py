"""Who may write a mark, and when: PostgreSQL itself refuses what 1-domain 1.5 does not allow."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import product
from queue import Queue
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from shared.domain.words import Source
from tests.campus import Classroom, Person, make_classroom
from tests.database.voices import speaking
from tests.workers.events import running_session

STAFF = {"manual", "whiteboard_auto", "system_default"}
REVIEW = {"manual", "whiteboard_auto"}
ALLOWED = {
    ("teacher", "active", "in_person"): STAFF,
    ("teacher", "active", "online"): STAFF,
    ("teacher", "completed", "online"): REVIEW,
    ("admin", "active", "in_person"): STAFF | {"admin_override"},
    ("admin", "active", "online"): STAFF | {"admin_override"},
    ("admin", "completed", "in_person"): {"admin_override"},
    ("admin", "completed", "online"): REVIEW | {"admin_override"},
    ("parent", "completed", "online"): {"parent_reported"},
    # An accepted check-in is never lost, also when the session was ended or cancelled before it is drained.
    **{("worker", status, mode): {"qr_checkin"} for status in ("active", "completed", "cancelled")
       for mode in ("in_person", "online")},
}  # fmt: skip
"""Sources with which a role may make a mark; a state that is not here: none."""

STATES = {
    "scheduled": "status = 'scheduled', started_at = NULL",
    "active": "status = 'active'",
    "completed": "status = 'completed', ended_at = now()",
    "cancelled": "status = 'cancelled', ended_at = now()",
}
CHANGES = {
    "made": """INSERT INTO attendance_records (id, session_id, student_id, status, source, marked_by)
               VALUES (gen_random_uuid(), :session, :other, 'LATE', 'manual', :me)""",
    "changed": "UPDATE attendance_records SET status = 'LATE', marked_by = :me WHERE session_id = :session",
    "annotated": "UPDATE attendance_records SET notes = 'x', marked_by = :me WHERE session_id = :session",
    "deleted": "DELETE FROM attendance_records WHERE session_id = :session",
}
ENDED = "UPDATE live_sessions SET status = 'completed', ended_at = now() WHERE id = :session"

_INSERT = text("""
    INSERT INTO attendance_records (id, session_id, student_id, user_type, status, source, marked_by)
    VALUES (gen_random_uuid(), :session, :student, :user_type, 'ABSENT', :source, :me)
""")


def in_state(owner: Engine, room: Classroom, status: str, mode: str = "in_person") -> UUID:
    """A session of the class that stands so."""
    session_id = running_session(owner, room)
    with owner.begin() as connection:
        statement = text(f"UPDATE live_sessions SET mode = :mode, {STATES[status]} WHERE id = :id")
        connection.execute(statement, {"mode": mode, "id": session_id})
    return session_id


def put(connection: Connection, session_id: UUID, student: Person, source: str, me: UUID | None) -> None:
    """Make a mark."""
    row = {"session": session_id, "student": student.id, "user_type": "student", "source": source, "me": me}
    connection.execute(_INSERT, row)


def voice(owner: Engine, room: Classroom, role: str) -> UUID | None:
    """Somebody in this role who is as close to the session as the role can be."""
    if role == "worker":
        return None
    if role == "parent":
        with owner.begin() as connection:
            link = "INSERT INTO parent_links (parent_id, student_id) VALUES (:parent, :child)"
            # Any person will do: the link and the role decide.
            connection.execute(text(link), {"parent": room.students[2].id, "child": room.students[0].id})
        return room.students[2].id
    return room.teacher.id


@pytest.mark.parametrize(
    ("role", "status", "mode"),
    list(product(("teacher", "admin", "parent", "worker"), STATES, ("in_person", "online"))),
)
def test_a_role_makes_marks_only_of_its_sources_and_only_while_it_may(
    owner: Engine, classroom: Classroom, role: str, status: str, mode: str
) -> None:
    me = voice(owner, classroom, role)
    session_id = in_state(owner, classroom, status, mode)
    done = set()
    for source in Source:
        with suppress(IntegrityError, ProgrammingError), speaking(owner, f"muster_{role}", me) as connection:
            put(connection, session_id, classroom.students[0], source, me)
            done.add(source.value)
            connection.rollback()
    assert done == ALLOWED.get((role, status, mode), set())


@pytest.mark.parametrize("act", CHANGES)
@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_after_the_end_a_teacher_changes_nothing_in_person(
    owner: Engine, classroom: Classroom, act: str, status: str
) -> None:
    session_id = marked_and_then(owner, classroom, status)
    values = {"session": session_id, "other": classroom.students[1].id, "me": classroom.teacher.id}
    with (
        pytest.raises(IntegrityError, match=f"session {session_id}, which is {status}"),
        speaking(owner, "muster_teacher", classroom.teacher.id) as connection,
    ):
        connection.execute(text(CHANGES[act]), values)


def marked_and_then(owner: Engine, room: Classroom, status: str, source: str = "manual") -> UUID:
    """A session with a mark of the first student, which then came into this state."""
    session_id = running_session(owner, room)
    with owner.begin() as connection:
        put(connection, session_id, room.students[0], source, room.teacher.id)
        connection.execute(text(f"UPDATE live_sessions SET {STATES[status]} WHERE id = :id"), {"id": session_id})
    return session_id


def test_after_the_end_only_an_admin_deletes(owner: Engine, classroom: Classroom) -> None:
    session_id = marked_and_then(owner, classroom, "completed")
    with speaking(owner, "muster_admin", classroom.teacher.id) as connection:
        assert connection.execute(text(CHANGES["deleted"]), {"session": session_id}).rowcount == 1


def test_while_it_runs_a_teacher_changes_annotates_and_deletes(owner: Engine, classroom: Classroom) -> None:
    session_id = marked_and_then(owner, classroom, "active")
    for act in ("made", "changed", "annotated", "deleted"):
        values = {"session": session_id, "other": classroom.students[1].id, "me": classroom.teacher.id}
        with speaking(owner, "muster_teacher", classroom.teacher.id) as connection:
            assert connection.execute(text(CHANGES[act]), values).rowcount > 0


def test_a_check_in_never_replaces_a_persons_mark(owner: Engine, classroom: Classroom) -> None:
    replace = text("UPDATE attendance_records SET source = 'qr_checkin', marked_by = NULL WHERE session_id = :id")
    for source, replaced in (("manual", False), ("system_default", True)):
        session_id = marked_and_then(owner, make_classroom(owner), "active", source)
        with suppress(IntegrityError), speaking(owner, "muster_worker") as connection:
            connection.execute(replace, {"id": session_id})
        with owner.connect() as connection:
            now = connection.execute(
                text("SELECT source FROM attendance_records WHERE session_id = :id"), {"id": session_id}
            )
            assert (now.scalar_one() == "qr_checkin") is replaced


def test_a_changed_status_is_not_passed_off_as_a_check_in(owner: Engine, classroom: Classroom) -> None:
    session_id = marked_and_then(owner, classroom, "active", "qr_checkin")
    with (
        pytest.raises(IntegrityError, match="no update of a qr_checkin mark"),
        speaking(owner, "muster_teacher", classroom.teacher.id) as connection,
    ):
        connection.execute(text(CHANGES["changed"]), {"session": session_id, "me": classroom.teacher.id})


@pytest.mark.parametrize("column", ["id", "session_id", "student_id", "user_type", "marked_at"])
@pytest.mark.parametrize("role", ["muster_admin", "muster_teacher", "muster_worker", "muster_parent"])
def test_whose_mark_it_is_never_changes(owner: Engine, classroom: Classroom, role: str, column: str) -> None:
    statement = text(f"UPDATE attendance_records SET {column} = {column}")
    with pytest.raises(ProgrammingError, match="permission denied"), speaking(owner, role) as connection:
        connection.execute(statement)


def test_the_tutors_mark_is_of_whoever_teaches(owner: Engine, classroom: Classroom) -> None:
    session_id, stranger = running_session(owner, classroom), make_classroom(owner).teacher
    values = {"session": session_id, "user_type": "tutor", "source": "manual", "me": classroom.teacher.id}
    with owner.connect() as connection:
        connection.execute(_INSERT, {**values, "student": classroom.teacher.id})
    for person in (stranger, classroom.students[0]):
        with owner.connect() as connection, pytest.raises(IntegrityError, match="not enrolled"):
            connection.execute(_INSERT, {**values, "student": person.id})


@pytest.mark.parametrize("role", ["muster_admin", "muster_teacher", "muster_worker"])
def test_a_session_never_goes_back(owner: Engine, classroom: Classroom, role: str) -> None:
    session_id = in_state(owner, classroom, "completed")
    again = text("UPDATE live_sessions SET status = 'active', ended_at = NULL WHERE id = :id")
    with (
        pytest.raises(IntegrityError, match="is completed and cannot become active"),
        speaking(owner, role, classroom.teacher.id) as connection,
    ):
        connection.execute(again, {"id": session_id})


@pytest.mark.parametrize("column", ["mode", "teacher_id", "course_id", "session_date", "class_name"])
def test_a_teacher_does_not_change_what_decides_who_may_mark(owner: Engine, classroom: Classroom, column: str) -> None:
    statement = text(f"UPDATE live_sessions SET {column} = {column}")
    me = classroom.teacher.id
    with pytest.raises(ProgrammingError, match="permission denied"), speaking(owner, "muster_teacher", me) as sql:
        sql.execute(statement)


@pytest.mark.parametrize("act", CHANGES)
def test_who_marks_while_somebody_ends_waits_and_is_refused(owner: Engine, classroom: Classroom, act: str) -> None:
    """Neither of the two locks anything first: the order is held by what they write."""
    session_id, me = marked_and_then(owner, classroom, "active"), classroom.teacher.id
    values = {"session": session_id, "other": classroom.students[1].id, "me": me}
    begun: Queue[int] = Queue()

    def change() -> None:
        with speaking(owner, "muster_teacher", me) as marking:
            begun.put(marking.execute(text("SELECT pg_backend_pid()")).scalar_one())
            marking.execute(text(CHANGES[act]), values)

    with ThreadPoolExecutor(1) as pool:
        with speaking(owner, "muster_teacher", me) as ending:
            ending.execute(text(ENDED), values)
            marking = pool.submit(change)
            wait_until_blocked(owner, begun.get(timeout=5))
        with pytest.raises(IntegrityError, match="which is completed"):
            marking.result(timeout=5)


def wait_until_blocked(owner: Engine, pid: int) -> None:
    """Until the server says that somebody waits for a lock."""
    blocked = text("SELECT cardinality(pg_blocking_pids(:pid)) > 0")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with owner.connect() as connection:
            if connection.execute(blocked, {"pid": pid}).scalar_one():
                return
    raise AssertionError("nobody waits")


@pytest.mark.parametrize("act", CHANGES)
def test_who_ends_while_somebody_marks_waits_and_comes_after(owner: Engine, classroom: Classroom, act: str) -> None:
    session_id, me = marked_and_then(owner, classroom, "active"), classroom.teacher.id
    values = {"session": session_id, "other": classroom.students[1].id, "me": me}
    with speaking(owner, "muster_teacher", me) as marking:
        marking.execute(text(CHANGES[act]), values)
        with pytest.raises(OperationalError, match="lock timeout"), impatient(owner, me) as ending:
            ending.execute(text(ENDED), values)
    with speaking(owner, "muster_teacher", me) as ending:
        ending.execute(text(ENDED), values)
    last = text("""SELECT s.place > max(m.place) FROM session_status_changes s JOIN attendance_status_changes m
                   USING (session_id) WHERE session_id = :id AND s.new_status = 'completed' GROUP BY s.place""")
    with owner.connect() as connection:
        assert connection.execute(last, {"id": session_id}).scalar_one()


@contextmanager
def impatient(owner: Engine, me: UUID) -> Iterator[Connection]:
    """The teacher's voice, waiting 50 ms for a lock at most."""
    with speaking(owner, "muster_teacher", me) as connection:
        connection.execute(text("SET LOCAL lock_timeout = 50"))
        yield connection
