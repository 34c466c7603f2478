"""The schema: migrations and models agree, and the database itself holds the rules."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from shared.migrations import HERE, head, is_behind, migrate, revisions
from shared.models import Base
from shared.settings import Settings
from tests.campus import Classroom, make_classroom
from tests.workers.events import running_session


def test_migrations_make_exactly_what_the_models_say(owner: Engine) -> None:
    with owner.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(settings: Settings, owner: Engine) -> None:
    migrate(settings.database_url)
    with owner.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == head()


def test_the_files_names_tell_the_revisions_and_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "os")
    newest_first = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert list(revisions()) == newest_first[::-1]


@pytest.mark.parametrize(
    ("revision", "behind"), [(None, True), ("0001", True), (head(), False), ("of a later version", False)]
)
def test_a_schema_is_behind_that_lacks_what_this_code_knows(revision: str | None, behind: bool) -> None:
    assert is_behind(revision) is behind


def test_every_table_and_column_says_what_it_is_for(owner: Engine) -> None:
    silent = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if not column.comment or not table.comment
    ]
    assert silent == []


def test_row_level_security_is_forced_on_every_table(owner: Engine) -> None:
    statement = text("""
        SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
          AND relname <> 'alembic_version' AND NOT (relrowsecurity AND relforcerowsecurity)
    """)
    with owner.connect() as connection:
        assert connection.execute(statement).scalars().all() == []


def test_no_function_runs_with_its_owners_rights(owner: Engine) -> None:
    statement = text("SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace")
    with owner.connect() as connection:
        assert connection.execute(statement).scalars().all() == []


def test_only_the_owner_owns(owner: Engine) -> None:
    statement = text("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    with owner.connect() as connection:
        assert connection.execute(statement).scalars().all() == ["muster_owner"]


def test_the_publication_carries_the_realtime_tables(owner: Engine) -> None:
    statement = text("SELECT tablename FROM pg_publication_tables WHERE pubname = 'live_attendance_pub'")
    with owner.connect() as connection:
        published = set(connection.execute(statement).scalars())
    assert {"live_sessions", "attendance_records", "attendance_status_changes", "websocket_channels"} <= published


@pytest.mark.parametrize("role", ["muster_admin", "muster_teacher", "muster_worker", "muster_service"])
@pytest.mark.parametrize("table", ["attendance_status_changes", "session_status_changes", "admin_changes"])
@pytest.mark.parametrize("act", ["UPDATE {} SET reason = 'forged'", "DELETE FROM {}", "TRUNCATE {}"])
def test_history_cannot_be_changed_by_any_application_role(owner: Engine, role: str, table: str, act: str) -> None:
    # The application's login is a superuser here; the role is what must not be able to.
    with owner.connect() as connection:
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text(act.format(table)))


@pytest.mark.parametrize(
    ("column", "value"),
    [("status", "MAYBE"), ("status", "present"), ("source", "guess"), ("user_type", "parent")],
)
def test_a_mark_has_only_known_words(owner: Engine, classroom: Classroom, column: str, value: str) -> None:
    session_id = running_session(owner, classroom)
    row = {"status": "PRESENT", "source": "manual", "user_type": "student", column: value}
    with owner.connect() as connection, pytest.raises(IntegrityError, match="check constraint"):
        connection.execute(_INSERT, {**row, "session": session_id, "student": classroom.students[0].id})


def test_a_student_has_one_mark_per_session(owner: Engine, classroom: Classroom) -> None:
    row = {"status": "PRESENT", "source": "manual", "user_type": "student"}
    values = {**row, "session": running_session(owner, classroom), "student": classroom.students[0].id}
    with owner.connect() as connection:
        connection.execute(_INSERT, values)
        with pytest.raises(IntegrityError, match="uq_attendance_records"):
            connection.execute(_INSERT, values)


def test_only_the_enrolled_have_marks(owner: Engine, classroom: Classroom) -> None:
    stranger = make_classroom(owner).students[0]
    row = {
        "status": "PRESENT",
        "source": "manual",
        "session": running_session(owner, classroom),
        "student": stranger.id,
    }
    with owner.connect() as connection, pytest.raises(IntegrityError, match="not enrolled"):
        connection.execute(_INSERT, {**row, "user_type": "student"})


def test_who_has_left_the_group_has_no_more_marks(owner: Engine, classroom: Classroom) -> None:
    session_id, student = running_session(owner, classroom), classroom.students[0].id
    row = {"status": "PRESENT", "source": "manual", "user_type": "student", "session": session_id, "student": student}
    left = text("UPDATE enrolments SET valid_until = current_date WHERE student_id = :id")
    with owner.connect() as connection:
        connection.execute(left, {"id": student})
        with pytest.raises(IntegrityError, match="not enrolled"):
            connection.execute(_INSERT, row)


def test_a_group_meets_once_at_a_time(owner: Engine, classroom: Classroom) -> None:
    running_session(owner, classroom)
    with pytest.raises(IntegrityError, match="uq_session_groups_active"):
        running_session(owner, classroom)


def test_a_session_without_a_start_cannot_be_active(owner: Engine, classroom: Classroom) -> None:
    session_id = running_session(owner, classroom)
    with owner.connect() as connection, pytest.raises(IntegrityError, match="ck_live_sessions_started"):
        connection.execute(text("UPDATE live_sessions SET started_at = NULL WHERE id = :id"), {"id": session_id})


_INSERT = text("""
    INSERT INTO attendance_records (id, session_id, student_id, user_type, status, source)
    VALUES (gen_random_uuid(), :session, :student, :user_type, :status, :source)
""")
