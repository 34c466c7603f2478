"""The roll as a file: exact columns, whole rows, nothing that runs, and a note of who took it (2-http-api 2.1)."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text

from shared.domain.words import UserType
from shared.rollsheet import RollSheet
from shared.sheets import MEDIA_TYPES, SheetFormat
from tests.api.answers import good, moment, refusal, wrong_fields
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Classroom, Person, Visitor
from tests.shared.test_sheets import worksheets
from tests.workers.events import attend, change_session
from workers.drain import drain
from workers.exports import forget_expired, write_waiting
from workers.ports import Ports

COLUMNS = "student_number,last_name,first_name,email,status,source,marked_at,marked_by,check_in_at,active_minutes,notes"


def table(content: bytes) -> list[dict[str, str]]:
    """A CSV file's rows."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


async def exported(lecture: Lecture, form: str = "csv", **who: httpx.AsyncClient) -> httpx.Response:
    """The file, as its teacher or somebody else asks for it."""
    answer = await who.get("by", lecture.teacher).get(f"{lecture.path}/export", params={"format": form})
    assert answer.status_code == 200, answer.text
    return answer


def mark(owner: Engine, lecture: Lecture, student: Person, **values: Any) -> None:
    """A mark by the teacher or somebody else, written straight into the database."""
    row = {"status": "EXCUSED", "source": "manual", "notes": None, "by": lecture.classroom.teacher.id, **values}
    with owner.begin() as connection:
        connection.execute(
            text("""INSERT INTO attendance_records (id, session_id, student_id, status, source, notes, marked_by)
                    VALUES (gen_random_uuid(), :session, :student, :status, :source, :notes, :by)"""),
            {**row, "session": lecture.id, "student": student.id},
        )


def noted(owner: Engine, subject_id: Any) -> list[tuple[Any, ...]]:
    """What the access log says of something."""
    statement = text("SELECT person_id, action, subject, detail FROM access_log WHERE subject_id = :id ORDER BY id")
    with owner.connect() as connection:
        return [tuple(row) for row in connection.execute(statement, {"id": subject_id})]


# --- the file ---------------------------------------------------------------------------------------------


async def test_everybody_on_the_roll_has_a_row(timed: Lecture, clock: Clock, owner: Engine, ports: Ports) -> None:
    """Checked in, marked by hand, and nobody knows."""
    ann, ben, _cy = timed.classroom.students
    scan = await timed.scan(timed.students[0])
    drain(ports)
    mark(owner, timed, ben, notes="Sick note")
    answer = await exported(timed)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.partition("\r\n")[0] == COLUMNS
    first, second, third = table(answer.content)
    assert first["student_number"] == ann.number
    assert first["email"] == f"{ann.id.hex}@{timed.classroom.code.lower()}.test"
    assert (first["last_name"], first["first_name"]) == (timed.classroom.code, "Test")
    assert (first["status"], first["source"], first["marked_by"], first["notes"]) == ("present", "qr_checkin", "", "")
    assert first["check_in_at"] == scan["timestamp"]
    assert moment(first["marked_at"]) >= moment(scan["timestamp"])
    assert (second["status"], second["source"], second["notes"]) == ("excused", "manual", "Sick note")
    assert second["marked_by"] == f"Test {timed.classroom.code}"
    assert [third[name] for name in ("status", "source", "marked_at", "check_in_at", "notes")] == [""] * 5
    assert third["active_minutes"] == "0.0"


async def test_both_formats_hold_the_same(timed: Lecture, owner: Engine) -> None:
    mark(owner, timed, timed.classroom.students[0], notes="line\none")
    [header, *rows] = worksheets((await exported(timed, "xlsx")).content)[0]
    assert ",".join(header) == COLUMNS
    shown = [[cell for cell in row.values() if cell] for row in table((await exported(timed)).content)]
    assert [[cell.removesuffix(".0") for cell in row] for row in shown] == [
        [cell.removesuffix(".0") for cell in row] for row in rows
    ]


async def test_who_marked_is_named_also_where_the_reader_may_not_look_them_up(
    timed: Lecture, owner: Engine, administrator: Person
) -> None:
    mark(owner, timed, timed.classroom.students[0], by=administrator.id)
    with owner.connect() as connection:
        name = text("SELECT first_name || ' ' || last_name FROM users WHERE id = :id")
        expected = connection.execute(name, {"id": administrator.id}).scalar_one()
    assert table((await exported(timed)).content)[0]["marked_by"] == expected


async def test_active_minutes_are_those_inside_the_window(
    timed: Lecture, clock: Clock, owner: Engine, ports: Ports
) -> None:
    """From the later start to the earlier end; what lies outside does not count (1-domain 1.2)."""
    start = clock.now - timedelta(minutes=60)
    values = f"started_at = '{start}', scheduled_start = '{start + timedelta(minutes=10)}', "
    values += f"scheduled_end = '{start + timedelta(minutes=50)}'"
    change_session(owner, timed.session["id"], values)
    ann, ben, cy = timed.classroom.students
    for student, first, last in ((ann, 5, 20), (ben, 30, 55), (cy, 12.5, 14)):
        attend(ports.redis, owner, timed.session["id"], student.id, first, last, UserType.STUDENT)
    attend(ports.redis, owner, timed.session["id"], cy.id, 20, 24.5, UserType.STUDENT)
    drain(ports)
    minutes = [row["active_minutes"] for row in table((await exported(timed)).content)]
    assert minutes == ["10.0", "20.0", "6.0"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_name_like_a_formula_is_a_name(
    visitor: Visitor, owner: Engine, classroom: Classroom, form: str
) -> None:
    lecture = await open_lecture(visitor, classroom)
    with owner.begin() as connection:
        rename = text("UPDATE users SET first_name = :first, last_name = :last WHERE id = :id")
        connection.execute(
            rename, {"id": classroom.students[0].id, "first": '=HYPERLINK("http://evil.test")', "last": "＠SUM(A1)"}
        )
    mark(owner, lecture, classroom.students[0], notes="\t=cmd")
    content = (await exported(lecture, form)).content
    cells = [cell for row in worksheets(content)[0] for cell in row] if form == "xlsx" else []
    cells += [cell for row in table(content) for cell in row.values()] if form == "csv" else []
    assert {'\'=HYPERLINK("http://evil.test")', "'＠SUM(A1)"} <= set(cells)
    assert any(cell.endswith("=cmd") and cell.startswith("'") for cell in cells)
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r＝＋－＠" and cell]


async def test_it_is_a_download_with_a_safe_name_that_nobody_keeps(lecture: Lecture) -> None:
    answer = await exported(lecture, "xlsx")
    assert answer.headers["content-type"] == MEDIA_TYPES[SheetFormat.XLSX]
    name = f"{lecture.classroom.code}-Section-A_{lecture.session['startTime'][:10]}.xlsx"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_another_format_is_refused(lecture: Lecture) -> None:
    assert wrong_fields(await lecture.teacher.get(f"{lecture.path}/export?format=pdf")) == {"format"}
    assert wrong_fields(await lecture.teacher.get(f"{lecture.path}/export?form=csv")) == {"form"}


# --- who --------------------------------------------------------------------------------------------------


async def test_only_its_teacher_and_admins_export_a_roll(
    lecture: Lecture, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient, admin: httpx.AsyncClient,
    owner: Engine,
) -> None:  # fmt: skip
    path = f"{lecture.path}/export"
    assert refusal(await lecture.student.get(path)) == (403, "forbidden")
    assert refusal(await other_teacher.get(path)) == (404, "not_found")
    assert refusal(await stranger.get(path)) == (404, "not_found")
    assert noted(owner, lecture.id) == []
    assert len(table((await exported(lecture, by=admin)).content)) == 3


async def test_every_export_is_noted_before_it_leaves(
    lecture: Lecture, owner: Engine, admin: httpx.AsyncClient, administrator: Person
) -> None:
    await exported(lecture)
    await exported(lecture, "xlsx", by=admin)
    assert noted(owner, lecture.id) == [
        (lecture.classroom.teacher.id, "export", "session", "csv"),
        (administrator.id, "export", "session", "xlsx"),
    ]


# --- long ones --------------------------------------------------------------------------------------------


async def ask(lecture: Lecture, form: str = "csv") -> dict[str, Any]:
    """Ask for an export; what is said of the one to come."""
    answer = await lecture.teacher.get(f"{lecture.path}/export?format={form}")
    body = good(answer, 202)
    assert answer.headers["location"] == body["url"]
    return body


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_long_roll_is_written_in_the_background(long: Lecture, ports: Ports, owner: Engine, form: str) -> None:
    asked = await ask(long, form)
    assert (asked["status"], asked["rowsDone"], asked["rowsTotal"], asked["fileUrl"]) == ("waiting", 0, 3, None)
    assert good(await long.teacher.get(asked["url"])) == asked
    assert refusal(await long.teacher.get(f"{asked['url']}/file")) == (409, "export_not_ready")
    write_waiting(ports)
    done = good(await long.teacher.get(asked["url"]))
    assert (done["status"], done["rowsDone"], done["fileUrl"]) == ("done", 3, f"{asked['url']}/file")
    answer = await long.teacher.get(done["fileUrl"])
    assert answer.headers["content-type"] == MEDIA_TYPES[SheetFormat(form)]
    assert int(answer.headers["content-length"]) == len(answer.content)
    rows = table(answer.content) if form == "csv" else worksheets(answer.content)[0][1:]
    assert len(rows) == 3
    assert [entry[1:] for entry in noted(owner, long.id)] == [("export", "session", form)] * 2


async def test_asking_again_while_it_is_written_gives_the_same(long: Lecture, ports: Ports) -> None:
    first = await ask(long)
    assert (await ask(long))["id"] == first["id"]
    assert (await ask(long, "xlsx"))["id"] != first["id"]
    write_waiting(ports)
    assert (await ask(long))["id"] != first["id"]


async def test_writing_twice_changes_nothing(long: Lecture, ports: Ports) -> None:
    url = (await ask(long))["url"]
    write_waiting(ports)
    first = await long.teacher.get(f"{url}/file")
    write_waiting(ports)
    assert (await long.teacher.get(f"{url}/file")).content == first.content


async def test_an_export_is_fetched_by_nobody_else(
    long: Lecture, ports: Ports, student: httpx.AsyncClient, other_teacher: httpx.AsyncClient,
    admin: httpx.AsyncClient,
) -> None:  # fmt: skip
    url = (await ask(long))["url"]
    write_waiting(ports)
    for path in (url, f"{url}/file"):
        assert refusal(await long.student.get(path)) == (403, "forbidden")
        for other in (student, other_teacher, admin):
            assert refusal(await other.get(path)) == (404, "not_found")
        assert refusal(await long.teacher.get(path.replace(url[-36:], str(uuid4())))) == (404, "not_found")


async def test_an_export_expires_with_its_file(long: Lecture, ports: Ports, owner: Engine) -> None:
    asked = await ask(long)
    write_waiting(ports)
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE exports SET expires_at = now() - interval '1 s' WHERE id = :id"), {"id": asked["id"]}
        )
    assert refusal(await long.teacher.get(asked["url"])) == (404, "not_found")
    assert forget_expired(ports) >= 1
    with owner.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM export_chunks WHERE export_id = :id"), {"id": asked["id"]})
        assert left.scalar_one() == 0


async def test_an_export_that_keeps_failing_is_given_up(
    long: Lecture, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three tries, then it says so; the next one asked for is a new one."""
    asked = await ask(long)
    with monkeypatch.context() as broken:
        broken.setattr(RollSheet, "cells", lambda *_: 1 / 0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                write_waiting(ports)
        write_waiting(ports)
    assert good(await long.teacher.get(asked["url"]))["status"] == "failed"
    assert refusal(await long.teacher.get(f"{asked['url']}/file")) == (409, "export_not_ready")
    assert (await ask(long))["id"] != asked["id"]
