"""Answers of the live family and of accounts (2-http-api 2.1, 2.6; 7-running)."""

from datetime import datetime
from uuid import UUID

from api.fields import CamelView, SnakeView


class WebSocketView(CamelView):
    """Where to follow a session."""

    url: str
    channel: str


class LiveSessionView(CamelView):
    """A session; ``qrCodeData`` only for staff while its code is shown."""

    id: UUID
    course_id: UUID
    class_name: str
    session_type: str
    mode: str
    group_id: UUID | None
    group_ids: list[UUID]
    start_time: datetime | None
    end_time: datetime | None
    scheduled_start: datetime | None
    scheduled_end: datetime | None
    status: str
    qr_code_data: str | None
    web_socket: WebSocketView


class LiveSessionPage(CamelView):
    """One page of sessions."""

    items: list[LiveSessionView]
    next: str | None


class CheckInView(CamelView):
    """An accepted check-in. ``timestamp`` is the server time of the scan, which decides the status."""

    check_in_id: UUID
    session_id: UUID
    student_id: UUID
    timestamp: datetime
    status: str
    duplicate: bool


class TicketView(CamelView):
    """A code exchanged for a personal ticket."""

    ticket: str
    session_id: UUID
    class_name: str
    scanned_at: datetime
    expires_at: datetime


class RealtimeTicketView(CamelView):
    """A one-time ticket for the gateway."""

    ticket: str
    expires_at: datetime
    url: str


class LocationView(CamelView):
    """Where a check-in was made, judged."""

    inside: bool
    distance_meters: int


class LiveAttendanceUpdateView(CamelView):
    """One student's check-in."""

    session_id: UUID
    student_id: UUID
    student_number: str
    student_name: str
    timestamp: datetime
    status: str
    check_in_location: LocationView | None


class FlagView(CamelView):
    """Something for a person to review; never a mark."""

    student_id: UUID
    kind: str
    detail: str
    timestamp: datetime


class LiveSessionStats(CamelView):
    """The room at a glance, standing at ``version`` and ``epoch`` of the session's channel.

    ``presentStudents`` counts present and late. Students get counts only: no check-ins, null flags.
    """

    session_id: UUID
    status: str
    total_students: int
    present_students: int
    late_students: int
    absent_students: int
    excused_students: int
    not_marked: int
    connected_count: int
    attendance_rate: float
    recent_checkins: list[LiveAttendanceUpdateView]
    flags: list[FlagView] | None
    version: int
    epoch: str


class EndedSessionView(LiveSessionView):
    """A session that has ended, with its final counts."""

    summary: LiveSessionStats


class PersonView(CamelView):
    """Who I am."""

    id: UUID
    email: str
    name: str
    role: str
    student_number: str | None


class LoginView(SnakeView):
    """A fresh token."""

    access_token: str
    token_type: str
    expires_in: int
    user: PersonView


class GroupView(CamelView):
    """A section of a course."""

    id: UUID
    name: str
    class_name: str
    enrolled: int


class CourseView(CamelView):
    """A course with its sections."""

    id: UUID
    subject_code: str
    title: str
    teacher_id: UUID
    groups: list[GroupView]


class CourseList(CamelView):
    """Courses; ``next`` as in every list."""

    items: list[CourseView]
    next: str | None = None


class GroupList(CamelView):
    """The sections of one course."""

    items: list[GroupView]
    next: str | None = None


class StudentView(CamelView):
    """A student on a roster."""

    id: UUID
    student_number: str
    first_name: str
    last_name: str
    email: str


class StudentList(CamelView):
    """A group's roster today."""

    items: list[StudentView]
    next: str | None = None
