"""Row-level security: what each role sees through the application's own connections, with no WHERE at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from shared.database import APP, PERSON_ROLES, SERVICE, sqlalchemy_url
from shared.domain.words import Role
from shared.models import Base
from shared.settings import Settings
from tests.campus import Classroom, Person, make_classroom
from tests.workers.events import running_session

PEOPLES_TABLES = sorted(Base.metadata.tables)


@pytest.fixture(scope="session")
def app_sql(settings: Settings) -> Iterator[Engine]:
    """The application's connection, before it speaks for anybody."""
    engine = create_engine(sqlalchemy_url(settings.database_url), connect_args={"options": f"-c role={APP}"})
    yield engine
    engine.dispose()


@dataclass(frozen=True)
class Two:
    """Two classes that must not see each other."""

    mine: Classroom
    other: Classroom
    my_session: UUID
    other_session: UUID


@pytest.fixture
def two(owner: Engine) -> Two:
    """Two classes with a running session and a mark each."""
    mine, other = make_classroom(owner), make_classroom(owner)
    sessions = [running_session(owner, room) for room in (mine, other)]
    with owner.begin() as connection:
        for session_id, room in zip(sessions, (mine, other), strict=True):
            connection.execute(_MARK, {"session": session_id, "student": room.students[0].id})
    return Two(mine, other, *sessions)


_MARK = text("""INSERT INTO attendance_records (id, session_id, student_id, status, source)
                VALUES (gen_random_uuid(), :session, :student, 'PRESENT', 'manual')""")


def visible(app_sql: Engine, role: str, me: UUID | None, statement: str) -> list[UUID]:
    """What a statement without any condition gives to this voice."""
    with app_sql.begin() as connection:
        speak = text("SELECT set_config('role', :role, true), set_config('muster.user_id', :me, true)")
        connection.execute(speak, {"role": role, "me": str(me or "")})
        return list(connection.execute(text(statement)).scalars())


def seen_or_denied(app_sql: Engine, role: str, statement: str) -> list[UUID] | str:
    """What nobody in this role sees, or that even asking is denied."""
    try:
        return visible(app_sql, role, None, statement)
    except ProgrammingError as error:
        return str(error.orig)[: len("permission denied")]


@pytest.mark.parametrize("table", PEOPLES_TABLES)
def test_a_transaction_that_speaks_for_nobody_sees_nothing(app_sql: Engine, table: str) -> None:
    with app_sql.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(f"SELECT * FROM {table}"))


@pytest.mark.parametrize("role", sorted(set(PERSON_ROLES.values()) - {"muster_admin"}))
@pytest.mark.parametrize("table", PEOPLES_TABLES)
def test_a_role_without_an_identity_sees_nobodys_rows(app_sql: Engine, two: Two, role: str, table: str) -> None:
    statement = f"SELECT gen_random_uuid() FROM {table}"
    if table == "users":
        statement += " WHERE role <> 'TEACHER'"  # teachers' names are known to the campus
    assert seen_or_denied(app_sql, role, statement) in ([], "permission denied")


@pytest.mark.parametrize(
    "table",
    ["session_groups", "session_tallies", "session_status_changes", "websocket_channels", "attendance_records"],
)
def test_a_teacher_sees_only_what_happens_in_their_sessions(app_sql: Engine, two: Two, table: str) -> None:
    teacher = two.mine.teacher
    assert set(visible(app_sql, "muster_teacher", teacher.id, f"SELECT session_id FROM {table}")) == {two.my_session}


def test_a_teacher_sees_only_their_sessions_courses_groups_and_students(app_sql: Engine, two: Two) -> None:
    me = two.mine.teacher.id
    assert visible(app_sql, "muster_teacher", me, "SELECT id FROM live_sessions") == [two.my_session]
    assert visible(app_sql, "muster_teacher", me, "SELECT id FROM courses") == [two.mine.course_id]
    assert visible(app_sql, "muster_teacher", me, "SELECT id FROM groups") == [two.mine.group_id]
    mine = {person.id for person in two.mine.students}
    assert set(visible(app_sql, "muster_teacher", me, "SELECT student_id FROM enrolments")) == mine
    assert set(visible(app_sql, "muster_teacher", me, "SELECT user_id FROM students")) == mine
    assert set(visible(app_sql, "muster_teacher", me, "SELECT id FROM users WHERE role = 'STUDENT'")) == mine


def test_a_student_sees_their_own_rows_and_the_sessions_of_their_groups(app_sql: Engine, two: Two) -> None:
    marked, unmarked, _ = two.mine.students
    for student, marks in ((marked, 1), (unmarked, 0)):
        found = visible(app_sql, "muster_student", student.id, "SELECT student_id FROM attendance_records")
        assert found == [student.id] * marks
        assert visible(app_sql, "muster_student", student.id, "SELECT id FROM live_sessions") == [two.my_session]
        assert visible(app_sql, "muster_student", student.id, "SELECT user_id FROM students") == [student.id]


def test_a_student_who_left_the_group_does_not_see_later_sessions(app_sql: Engine, owner: Engine, two: Two) -> None:
    student = two.mine.students[0]
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE enrolments SET valid_until = current_date WHERE student_id = :id"), {"id": student.id}
        )
    assert visible(app_sql, "muster_student", student.id, "SELECT id FROM live_sessions") == []


def test_a_parent_sees_their_child_and_nobody_else(app_sql: Engine, owner: Engine, two: Two) -> None:
    parent, child = Person(_person(owner), Role.PARENT), two.mine.students[0]
    with owner.begin() as connection:
        connection.execute(
            text("INSERT INTO parent_links (parent_id, student_id) VALUES (:parent, :child)"),
            {"parent": parent.id, "child": child.id},
        )
    assert visible(app_sql, "muster_parent", parent.id, "SELECT student_id FROM attendance_records") == [child.id]
    assert visible(app_sql, "muster_parent", parent.id, "SELECT id FROM live_sessions") == [two.my_session]


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE live_sessions SET room = 'taken' WHERE id = :session RETURNING id",
        "UPDATE attendance_records SET notes = 'taken' WHERE session_id = :session RETURNING id",
        "DELETE FROM attendance_records WHERE session_id = :session RETURNING id",
        "UPDATE session_tallies SET present = 99 WHERE session_id = :session RETURNING session_id",
    ],
)
def test_a_teacher_cannot_touch_another_teachers_rows(app_sql: Engine, two: Two, act: str) -> None:
    statement = act.replace(":session", f"'{two.other_session}'")
    assert visible(app_sql, "muster_teacher", two.mine.teacher.id, statement) == []


def test_a_teacher_cannot_open_a_session_of_another_teachers_course(app_sql: Engine, two: Two) -> None:
    statement = f"""
        INSERT INTO live_sessions (id, course_id, teacher_id, class_name, session_type, mode, status, session_date,
                                   code_reference, code_generation, code_visible, rotate_seconds)
        VALUES (gen_random_uuid(), '{two.other.course_id}', '{two.mine.teacher.id}', 'T', 'lecture', 'in_person',
                'scheduled', current_date, 1, 0, true, 15) RETURNING id
    """
    with pytest.raises(ProgrammingError, match="row-level security"):
        visible(app_sql, "muster_teacher", two.mine.teacher.id, statement)


def test_students_write_no_marks(app_sql: Engine, two: Two) -> None:
    statement = "UPDATE attendance_records SET status = 'PRESENT' RETURNING id"
    with pytest.raises(ProgrammingError, match="permission denied"):
        visible(app_sql, "muster_student", two.mine.students[0].id, statement)


def test_only_the_service_reads_passwords(app_sql: Engine) -> None:
    assert visible(app_sql, SERVICE, None, "SELECT user_id FROM credentials LIMIT 1") != []
    for role in PERSON_ROLES.values():
        with pytest.raises(ProgrammingError, match="permission denied"):
            visible(app_sql, role, None, "SELECT user_id FROM credentials")


def test_the_voice_ends_with_its_transaction(app_sql: Engine, two: Two) -> None:
    visible(app_sql, "muster_teacher", two.mine.teacher.id, "SELECT id FROM live_sessions")
    with app_sql.connect() as connection:
        role, me = connection.execute(text("SELECT current_user, current_setting('muster.user_id', true)")).one()
    assert (role, me or "") == (APP, "")


def _person(owner: Engine) -> UUID:
    statement = text("""INSERT INTO users (id, email, first_name, last_name, role)
        VALUES (gen_random_uuid(), gen_random_uuid() || '@parents.test', 'Pat', 'Parent', 'PARENT') RETURNING id""")
    with owner.begin() as connection:
        found: UUID = connection.execute(statement).scalar_one()
    return found
