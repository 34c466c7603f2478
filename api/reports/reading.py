"""Reading a report: a page of it as JSON, or all of it as a file."""

import asyncio
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.accesslog import note_export, note_report
from api.cursors import make_key_cursor, read_key_cursor
from api.fields import CamelView
from api.ownership import MY_SESSIONS, as_person, require_staff
from api.reports import statements
from api.reports.views import (
    AgreementRow,
    CourseRow,
    ReportQuery,
    StudentRow,
    TeacherRow,
    WeekRow,
)
from api.services import Services
from shared.domain.attendance import attendance_rate, percentage
from shared.domain.engagement import one_decimal
from shared.domain.words import AccessSubject
from shared.sheets import Cell, SheetFormat, file_name, open_sheet
from shared.tokens import Identity

MICROSECONDS_PER_MINUTE = 60_000_000
REPORT_SECONDS = 12
"""A whole campus may take longer than any other statement, but less than a transaction may."""

_PATIENCE = text("SELECT set_config('statement_timeout', :limit, true)")

Line = tuple[str, CamelView]
"""A row and its key."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a report is called, where its rows come from, and what a row is."""

    name: str
    statement: str
    row: type[CamelView]
    derived: Callable[[Row[Any]], dict[str, Any]]

    @property
    def columns(self) -> list[str]:
        """Of a file: whose row it is, then what is counted for every kind."""
        own = list(self.row.__annotations__)
        return [*own, *(name for name in self.row.model_fields if name not in own)]

    def line(self, row: Row[Any]) -> Line:
        """A row of the statement, with what is computed from it."""
        found = {**row._mapping, **self.derived(row)}
        return row.key, self.row(**{name: found[name] for name in self.row.model_fields})


@dataclass(frozen=True, slots=True)
class File:
    """A whole report."""

    name: str
    media_type: str
    content: bytes

    def as_download(self) -> Response:
        """For a browser to save and nobody to keep on the way."""
        headers = {"Content-Disposition": f'attachment; filename="{self.name}"', "Cache-Control": "no-store"}
        return Response(self.content, headers=headers, media_type=self.media_type)


async def read_page(
    services: Services, who: Identity, report: Report, wanted: ReportQuery
) -> tuple[list[CamelView], str | None]:
    """A page, and the cursor of the next; noted in the access log."""
    require_staff(who)
    after = None if wanted.cursor is None else read_key_cursor(wanted.cursor)
    async with as_person(services, who) as connection:
        await note_report(connection, who, report.name)
        lines = await _lines(connection, who, report, wanted, after, wanted.limit + 1)
    page = lines[: wanted.limit]
    following = make_key_cursor(page[-1][0]) if len(lines) > wanted.limit else None
    return [row for _, row in page], following


async def read_file(services: Services, who: Identity, report: Report, wanted: ReportQuery) -> File:
    """All of it; noted in the access log. Written in a thread, because zipping would hold up the loop."""
    require_staff(who)
    form = SheetFormat(wanted.format)
    async with as_person(services, who) as connection:
        await note_export(connection, who, AccessSubject.REPORT, None, f"{report.name} {form}")
        lines = await _lines(connection, who, report, wanted, None, None)
    content = await asyncio.to_thread(_write, form, report.columns, [row for _, row in lines])
    span = [day.isoformat() for day in (wanted.from_, wanted.to) if day]
    return File(file_name(form, report.name, *span), form.media_type, content)


async def _lines(
    connection: AsyncConnection,
    who: Identity,
    report: Report,
    wanted: ReportQuery,
    after: str | None,
    most: int | None,
) -> list[Line]:
    statement = statements.page_of(report.statement, MY_SESSIONS[who.role])
    values = {
        "me": who.user_id,
        "first": wanted.from_,
        "last": wanted.to,
        "course": wanted.course_id,
        "after": after,
        "most": most,
    }
    await connection.execute(_PATIENCE, {"limit": f"{REPORT_SECONDS}s"})
    rows = await connection.execute(text(statement), values)
    return [report.line(row) for row in rows]


def _write(form: SheetFormat, columns: Sequence[str], rows: Sequence[CamelView]) -> bytes:
    out = io.BytesIO()
    with open_sheet(form, out, columns) as sheet:
        for row in rows:
            sheet.append([_cell(getattr(row, name)) for name in columns])
    return out.getvalue()


def _cell(value: Any) -> Cell:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


# --- what a row is --------------------------------------------------------------------------------------


def _student(row: Row[Any]) -> dict[str, Any]:
    return {
        "attendance_rate": attendance_rate(row.present, row.late, row.total_sessions, row.excused),
        "active_minutes": _minutes(row.active_us),
    }


def _counted(row: Row[Any]) -> dict[str, Any]:
    return {"attendance_rate": attendance_rate(row.present, row.late, row.enrolled, row.excused)}


def _teacher(row: Row[Any]) -> dict[str, Any]:
    return {
        **_counted(row),
        "average_active_minutes": _minutes(row.tutor_active_us),
        "average_engagement": _rounded(row.tutor_engagement),
        "students_average_active_minutes": _minutes(row.student_active_us),
        "students_average_engagement": _rounded(row.student_engagement),
    }


def _agreement(row: Row[Any]) -> dict[str, Any]:
    return {"agreement": percentage(row.agreed, row.decided)}


def _minutes(microseconds: Any) -> float | None:
    return None if microseconds is None else one_decimal(Fraction(microseconds) / MICROSECONDS_PER_MINUTE)


def _rounded(value: Any) -> float | None:
    return None if value is None else one_decimal(Fraction(value))


STUDENTS = Report("students", statements.STUDENTS, StudentRow, _student)
COURSES = Report("courses", statements.COURSES, CourseRow, _counted)
TEACHERS = Report("teachers", statements.TEACHERS, TeacherRow, _teacher)
TREND = Report("trend", statements.TREND, WeekRow, _counted)
AGREEMENT = Report("agreement", statements.AGREEMENT, AgreementRow, _agreement)
