"""Row-level security bites on every table: what belongs to somebody else is neither seen nor touched by raw SQL.

Tables and columns come from the catalogue, and every table is given a row about class A, so a new one is covered as
soon as it exists: a policy that shows too much, or none where there must be one, fails here.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from shared.ids import new_id
from shared.models import Base
from tests.campus import Classroom, make_classroom
from tests.workers.events import running_session

TABLES = sorted(Base.metadata.tables)
VOICES = ("another teacher", "another class's student", "another child's parent", "a classmate", "a classmate's parent")
NOT_FOR_ADMINS = {"credentials", "exports", "export_chunks", "inbox"}
"""Passwords, exports and their files (for whoever asked for them), and events on their way (what stays there is in
``dead_letters``)."""

_COLUMNS = text("""
    SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = CAST(:table AS regclass) AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
      AND (a.attnotnull AND d.oid IS NULL OR format_type(a.atttypid, NULL) = 'uuid')
""")
_CHECKS = text("""
    SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = CAST(:table AS regclass) AND contype = 'c'
""")
_SPEAK = text("SELECT set_config('role', :role, true), set_config('muster.user_id', :me, true)")

ENDS = {"closes_at", "expires_at", "window_end"}
"""Times that come after others in their row."""

PLAIN: dict[str, Any] = {
    "text": "x",
    "integer": 1,
    "bigint": 1,
    "double precision": 1.0,
    "boolean": False,
    "bytea": b"x",
    "jsonb": "{}",
    "date": "2026-03-02",
    "timestamp with time zone": "2026-03-02T09:00:00Z",
    "tstzmultirange": "{}",
    "text[]": [],
}


@dataclass
class Scene:
    """A connection in whose transaction, that never ends well, two classes and a row in every table exist."""

    connection: Connection
    a: Classroom
    b: Classroom
    session: UUID
    parents: dict[UUID, UUID] = field(default_factory=dict)

    def value(self, table: str, column: str, kind: str) -> Any:
        """Something right for a column, about class A's first student."""
        student = self.a.students[0].id
        known = {"session_id": self.session, "course_id": self.a.course_id, "group_id": self.a.group_id, "id": new_id()}
        if kind == "uuid":
            staff = column.endswith("_by") or column == "teacher_id"
            parent = self.parents[student] if column == "parent_id" else student
            return known.get(column, self.a.teacher.id if staff else parent)
        if kind == "uuid[]":
            return [student]
        if column == "user_type":
            return "student"  # the tutor's presence is no secret
        if column in ENDS:
            return "2026-03-02T10:00:00Z"
        checks = " ".join(self.connection.execute(_CHECKS, {"table": table}).scalars())
        words = re.search(rf"\({column} = ANY \(ARRAY\['([^']+)'", checks)
        least = re.search(rf"\({column} >= (\d+)\)", checks)
        return words[1] if words else int(least[1]) if least else PLAIN[kind]

    def fill(self, table: str) -> None:
        """A row about class A, unless there is one."""
        if self.count(table, self.everything()):
            return
        columns = self.connection.execute(_COLUMNS, {"table": table}).all()
        values = {column.name: self.value(table, column.name, column.type) for column in columns}
        names = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f"CAST(:{column.name} AS {column.type})" for column in columns)
        with self.speaking(None, None):
            self.connection.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers, no references
            self.connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)
            self.connection.execute(text("SET LOCAL session_replication_role = DEFAULT"))

    def everything(self) -> list[str]:
        """What rows about class A hold: all its ids but the teacher's, whose name the campus knows."""
        people = [student.id for student in self.a.students]
        ids = [self.session, self.a.course_id, self.a.group_id, *people, *(self.parents[person] for person in people)]
        return [f"%{each}%" for each in ids]

    def of_first(self) -> list[str]:
        """What rows about class A's first student hold."""
        student = self.a.students[0].id
        return [f"%{student}%", f"%{self.parents[student]}%"]

    def count(self, table: str, wanted: list[str]) -> int:
        """How many of these rows this voice sees."""
        statement = text(f"SELECT count(*) FROM {table} t WHERE t::text LIKE ANY (:wanted)")
        return int(self.connection.execute(statement, {"wanted": wanted}).scalar_one())

    def speaking(self, role: str | None, me: UUID | None) -> "Speaking":
        """Somebody's voice for a block; None is the server's own administrator."""
        return Speaking(self.connection, role, me)

    def voice(self, name: str) -> tuple[str, UUID, list[str]]:
        """Role and person, and what rows they must not see."""
        other, mate = self.b.students[0].id, self.a.students[1].id
        return {
            "another teacher": ("muster_teacher", self.b.teacher.id, self.everything()),
            "another class's student": ("muster_student", other, self.everything()),
            "another child's parent": ("muster_parent", self.parents[other], self.everything()),
            "a classmate": ("muster_student", mate, self.of_first()),
            "a classmate's parent": ("muster_parent", self.parents[mate], self.of_first()),
        }[name]


@dataclass
class Speaking:
    """A savepoint in somebody's voice."""

    connection: Connection
    role: str | None
    me: UUID | None

    def __enter__(self) -> None:
        self.savepoint = self.connection.begin_nested()
        self.connection.execute(_SPEAK, {"role": self.role or "none", "me": str(self.me or "")})

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.connection.execute(_SPEAK, {"role": "muster_owner", "me": ""})
            self.savepoint.commit()
        else:
            self.savepoint.rollback()


@pytest.fixture(scope="module")
def scene(owner: Engine) -> Iterator[Scene]:
    """Filled once for all tests, and taken back."""
    a, b = make_classroom(owner), make_classroom(owner)
    session = running_session(owner, a)
    with owner.connect() as connection:
        scene = Scene(connection, a, b, session)
        for student in (*a.students, *b.students):
            scene.parents[student.id] = _parent(connection, student.id)
        for table in TABLES:
            scene.fill(table)
        yield scene
        connection.rollback()


def _parent(connection: Connection, child: UUID) -> UUID:
    person = new_id()
    user = "INSERT INTO users (id, email, first_name, last_name, role) VALUES (:id, :email, 'P', 'P', 'PARENT')"
    connection.execute(text(user), {"id": person, "email": f"{person}@test"})
    link = "INSERT INTO parent_links (parent_id, student_id) VALUES (:parent, :child)"
    connection.execute(text(link), {"parent": person, "child": child})
    return person


def test_the_models_know_every_table_of_the_catalogue(owner: Engine) -> None:
    statement = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
    with owner.connect() as connection:
        assert sorted(connection.execute(statement).scalars()) == TABLES


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", VOICES)
def test_nobody_sees_anothers_rows(scene: Scene, name: str, table: str) -> None:
    role, me, hidden = scene.voice(name)
    try:
        with scene.speaking(role, me):
            assert scene.count(table, hidden) == 0
    except ProgrammingError as error:
        assert "permission denied" in str(error.orig)  # noqa: PT017 - or there is nothing to see
    else:
        assert scene.count(table, scene.everything()) > 0, "a table that people may read needs a row to be hidden"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", VOICES)
def test_nobody_touches_anothers_rows(scene: Scene, name: str, table: str) -> None:
    role, me, hidden = scene.voice(name)
    columns = [column.name for column in Base.metadata.tables[table].columns]
    acts = [f"DELETE FROM {table} t", *(f'UPDATE {table} t SET "{column}" = "{column}"' for column in columns)]
    for act in acts:
        with suppress(ProgrammingError), scene.speaking(role, me):
            touched = scene.connection.execute(text(f"{act} WHERE t::text LIKE ANY (:wanted)"), {"wanted": hidden})
            assert touched.rowcount == 0, act


@pytest.mark.parametrize("table", sorted({*TABLES} - NOT_FOR_ADMINS))
def test_admins_see_every_row(scene: Scene, table: str) -> None:
    statement = text(f"SELECT count(*) FROM {table}")
    with scene.speaking("muster_admin", scene.a.teacher.id):
        seen = scene.connection.execute(statement).scalar_one()
    assert seen == scene.connection.execute(statement).scalar_one() > 0


def test_students_see_the_channels_of_their_groups(scene: Scene) -> None:
    with scene.speaking("muster_student", scene.a.students[1].id):
        found = scene.connection.execute(text("SELECT session_id FROM websocket_channels")).scalars().all()
    assert found == [scene.session]
