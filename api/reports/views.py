"""The query of a report, and the rows of each: camelCase (2-http-api 2.5). Rates and shares are percentages."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.cursors import DEFAULT_LIMIT, Limit
from api.fields import CamelBody, CamelView
from api.marking_bodies import Day


class ReportFormat(StrEnum):
    """JSON comes in pages; a file holds everything."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


class ReportQuery(CamelBody):
    """Which sessions: campus days, both included, and one course or all."""

    format: ReportFormat = ReportFormat.JSON
    from_: Annotated[Day | None, Field(alias="from")] = None
    to: Day | None = None
    course_id: UUID | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: str | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError("to: is before from")
        if self.format is not ReportFormat.JSON and self.cursor is not None:
            raise ValueError("cursor: is for JSON; a file holds everything")
        return self


class StudentRow(CamelView):
    """A student over the sessions they were marked in; active minutes are those inside the sessions' windows."""

    student_id: UUID
    student_number: str
    first_name: str
    last_name: str
    total_sessions: int
    present: int
    late: int
    absent: int
    excused: int
    attendance_rate: float
    active_minutes: float


class CountedRow(CamelView):
    """Completed sessions, counted: ``enrolled`` and what follows are summed over them."""

    sessions: int
    enrolled: int
    present: int
    late: int
    absent: int
    excused: int
    not_marked: int
    attendance_rate: float


class CourseRow(CountedRow):
    """A course as a whole (no group), or one of its groups."""

    course_id: UUID
    subject_code: str
    group_id: UUID | None
    group_name: str | None


class TeacherRow(CountedRow):
    """A teacher's sessions. Averages are over those with presence: per session their own, per place their students'."""

    teacher_id: UUID
    first_name: str
    last_name: str
    average_active_minutes: float | None
    average_engagement: float | None
    students_average_active_minutes: float | None
    students_average_engagement: float | None


class WeekRow(CountedRow):
    """A week, by its Monday."""

    week: date


class AgreementRow(CamelView):
    """Of the marks that a person decided where there was a suggestion, the share that says the same.

    Without a course: all of them.
    """

    course_id: UUID | None
    subject_code: str | None
    confidence: str
    decided: int
    agreed: int
    agreement: float


class StudentReport(CamelView):
    """Students by number."""

    items: list[StudentRow]
    next: str | None


class CourseReport(CamelView):
    """Courses by code, each followed by its groups."""

    items: list[CourseRow]
    next: str | None


class TeacherReport(CamelView):
    """Teachers by name."""

    items: list[TeacherRow]
    next: str | None


class TrendReport(CamelView):
    """Weeks in which there were sessions, the first one first."""

    items: list[WeekRow]
    next: str | None


class AgreementReport(CamelView):
    """All courses together, then each; the surest suggestions first."""

    items: list[AgreementRow]
    next: str | None
