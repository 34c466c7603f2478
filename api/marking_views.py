"""Answers of the marking family: snake_case (2-http-api 2.4).

``student_id`` is the student number where it stands beside a name, and the UUID where it stands alone. Times of a
session are the actual ones.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import RootModel

from api.fields import SnakeView
from shared.domain.words import Mark, SessionStatus


class StatusWord(StrEnum):
    """A session's status as this family writes it."""

    SCHEDULED = "SCHEDULED"
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"
    CANCELLED = "CANCELLED"

    @classmethod
    def of(cls, status: SessionStatus) -> "StatusWord":
        """Only the end has another name."""
        return cls.ENDED if status is SessionStatus.COMPLETED else cls(status.upper())


class StudentName(SnakeView):
    """A student; ``student_id`` is the number."""

    id: UUID
    student_id: str
    first_name: str
    last_name: str


class StudentContact(StudentName):
    """A student as their teacher knows them."""

    email: str


class MarkedSession(SnakeView):
    """A session beside a mark; its start is the actual one."""

    id: UUID
    class_name: str
    start_time: datetime | None


class MarkedAttendance(SnakeView):
    """A fresh mark. ``marked_by`` is the last person's id, null when Muster marked."""

    id: UUID
    session: MarkedSession
    student: StudentName
    status: Mark
    marked_at: datetime
    marked_by: UUID | None


class MarkedOne(SnakeView):
    """One student was marked."""

    message: str = "Attendance marked successfully"
    attendance: MarkedAttendance


class MarkedRecord(SnakeView):
    """One mark of many."""

    id: UUID
    student_id: UUID
    status: Mark


class MarkedMany(SnakeView):
    """Many students were marked."""

    message: str = "Bulk attendance marked successfully"
    count: int
    attendance_records: list[MarkedRecord]


class Marked(RootModel[MarkedOne | MarkedMany]):
    """One or many, as was asked."""


class UpdatedAttendance(SnakeView):
    """A mark after a change; ``marked_at`` stays what it was."""

    id: UUID
    student_id: UUID
    status: Mark
    marked_at: datetime
    updated_at: datetime
    notes: str | None


class Updated(SnakeView):
    """A mark was changed."""

    message: str = "Attendance updated successfully"
    attendance: UpdatedAttendance


class Initialized(SnakeView):
    """Everybody without a mark has one now; ``count`` of them."""

    message: str = "Bulk attendance initialized"
    count: int
    session_id: UUID
    default_status: Mark


class RollSession(SnakeView):
    """A session as its roll shows it; times are the actual ones."""

    id: UUID
    class_name: str
    subject_code: str
    teacher_name: str
    start_time: datetime | None
    end_time: datetime | None
    status: StatusWord
    is_locked: bool


class RollStatistics(SnakeView):
    """A session's counters; the rate is (present + late) ÷ (enrolled − excused) in percent (1-domain 1.6)."""

    total_enrolled: int
    present: int
    absent: int
    late: int
    excused: int
    not_marked: int
    attendance_rate: float


class RollRecord(SnakeView):
    """A mark on a session's roll."""

    id: UUID
    student: StudentContact
    status: Mark
    marked_at: datetime
    marked_by: UUID | None
    notes: str | None


class RollView(SnakeView):
    """A session's marks, newest first, a page at a time."""

    session: RollSession
    statistics: RollStatistics
    records: list[RollRecord]
    next: str | None


class StudentStatistics(SnakeView):
    """A student's marks; the rate is (present + late) ÷ (sessions − excused) in percent (1-domain 1.6)."""

    total_sessions: int
    present: int
    absent: int
    late: int
    excused: int
    attendance_rate: float


class AttendedSession(SnakeView):
    """A session on a student's record."""

    class_name: str
    subject_code: str
    date: date
    start_time: datetime | None


class StudentRecord(SnakeView):
    """A mark on a student's record."""

    id: UUID
    session: AttendedSession
    status: Mark
    marked_at: datetime


class StudentHistory(SnakeView):
    """A student's marks, latest session first, a page at a time."""

    student: StudentName
    statistics: StudentStatistics
    records: list[StudentRecord]
    next: str | None
