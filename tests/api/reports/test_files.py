"""A whole report as a file: every row, nothing that a spreadsheet would run, and a note of who took it."""

import csv
import io

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.api.answers import refusal
from tests.api.past import hold
from tests.api.reports.semester import MONDAY, enrolled_since, read
from tests.campus import Classroom, Visitor, make_classroom
from tests.shared.test_sheets import worksheets

STUDENTS = "/api/v1/reports/students"
COLUMNS = [
    "student_id",
    "student_number",
    "first_name",
    "last_name",
    "total_sessions",
    "present",
    "late",
    "absent",
    "excused",
    "attendance_rate",
    "active_minutes",
]
TRAPS = ("=HYPERLINK(1)", "＝1+1", "\t=1", "+1", "@SUM(1)")


@pytest.fixture
def room(owner: Engine) -> Classroom:
    """Students with names that are formulas, each present once."""
    made = make_classroom(owner, len(TRAPS))
    enrolled_since(owner, made)
    hold(owner, made, MONDAY, dict.fromkeys(made.students, "PRESENT"))
    with owner.begin() as connection:
        for person, name in zip(made.students, TRAPS, strict=True):
            connection.execute(
                text("UPDATE users SET first_name = :name WHERE id = :id"), {"name": name, "id": person.id}
            )
    return made


@pytest.fixture
def teacher(visitor: Visitor, room: Classroom) -> httpx.AsyncClient:
    """Their teacher."""
    return visitor.speaking_as(room.teacher)


async def table(teacher: httpx.AsyncClient, form: str) -> list[list[str]]:
    """The file's rows."""
    answer = await teacher.get(STUDENTS, params={"format": form, "limit": 1, "from": "2026-03-02"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="students_2026-03-02.{form}"'
    if form == "csv":
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        return list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
    [sheet] = worksheets(answer.content)
    return sheet


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_file_holds_every_row_and_nothing_to_run(
    teacher: httpx.AsyncClient, room: Classroom, form: str
) -> None:
    header, *rows = await table(teacher, form)
    assert header == COLUMNS
    assert [row[2] for row in rows] == [f"'{name}" for name in TRAPS]
    assert [row[1] for row in rows] == [person.number for person in room.students]
    assert {(row[4], row[5], float(row[9])) for row in rows} == {("1", "1", 100.0)}


@pytest.mark.parametrize("report", ["courses", "teachers", "trend"])
async def test_every_report_is_a_file_too(teacher: httpx.AsyncClient, room: Classroom, report: str) -> None:
    answer = await teacher.get(f"/api/v1/reports/{report}", params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    whole = await read(teacher, report)
    assert [float(row["attendance_rate"]) for row in rows] == [row["attendanceRate"] for row in whole]
    assert {row["enrolled"] for row in rows} == {str(len(TRAPS))}


async def test_who_looked_or_took_a_file_is_noted_and_who_was_refused_is_not(
    teacher: httpx.AsyncClient, room: Classroom, owner: Engine, visitor: Visitor
) -> None:
    await read(teacher, "students")
    await table(teacher, "csv")
    assert refusal(await visitor.speaking_as(room.students[0]).get(STUDENTS, params={"format": "csv"})) == (
        403,
        "forbidden",
    )
    statement = text(
        "SELECT person_id, action, subject, subject_id, detail FROM access_log WHERE person_id = ANY(:ids) ORDER BY id"
    )
    with owner.connect() as connection:
        rows = connection.execute(statement, {"ids": [room.teacher.id, *(each.id for each in room.students)]})
        assert [tuple(row) for row in rows] == [
            (room.teacher.id, "view", "report", None, "students"),
            (room.teacher.id, "export", "report", None, "students csv"),
        ]
