"""Every table under the heading where a person looks for it. A table without a place here fails the tests."""

from starlette_admin import DropDown

from api.admin.courses import Courses, Enrolments, Groups
from api.admin.marks import Marks
from api.admin.people import ParentLinks, People, StudentNumbers
from api.admin.pipeline import DeadLetters
from api.admin.tables import TableView
from shared import models

WHOSE = ("student_number", "student", "class_name", "session_date", "session_status")
MEETING = ("class_name", "session_date", "session_status")

NOT_SHOWN = frozenset({"credentials"})
"""Passwords, not even as hashes."""


def tables() -> list[TableView]:
    """Every table that can be looked at."""
    return [view for heading in menu() for view in heading.views if isinstance(view, TableView)]


def menu() -> list[DropDown]:
    """The headings with their tables: fresh views, for one site."""
    headings: list[tuple[str, str, list[TableView]]] = [
        ("People", "fa fa-users", _people()),
        ("Courses", "fa fa-book", _courses()),
        ("Sessions", "fa fa-chalkboard", _sessions()),
        ("Marks", "fa fa-check-double", _marks()),
        ("Presence", "fa fa-tower-broadcast", _presence()),
        ("Suggestions", "fa fa-scale-balanced", _suggestions()),
        ("On record", "fa fa-clock-rotate-left", _record()),
        ("Pipeline", "fa fa-inbox", _pipeline()),
    ]
    return [DropDown(words, [*tables], icon=icon, always_open=False) for words, icon, tables in headings]


def _people() -> list[TableView]:
    listed = ("student_number", "last_name", "first_name", "email", "role", "disabled_at", "created_at")
    return [
        People(models.User, "People", listed=listed),
        StudentNumbers(models.Student, "Student numbers", listed=("student_number", "person")),
        ParentLinks(models.ParentLink, "Parents", listed=("parent", "student_number", "student")),
    ]


def _courses() -> list[TableView]:
    enrolled = ("student_number", "student", "group_name", "valid_from", "valid_until")
    return [
        Courses(models.Course, "Courses", listed=("subject_code", "title", "teacher")),
        Groups(models.Group, "Groups", listed=("course", "name")),
        Enrolments(models.Enrolment, "Enrolments", listed=enrolled),
        TableView(models.CoursePolicy, "Policies", newest_first=False),
    ]


def _sessions() -> list[TableView]:
    listed = ("class_name", "session_date", "status", "mode", "session_type", "teacher", "room", "started_at")
    return [
        TableView(models.LiveSession, "Sessions", listed=listed),
        TableView(models.SessionGroup, "Groups of sessions", listed=("group_name", *MEETING[1:])),
        TableView(
            models.SessionTally, "Counters", listed=(*MEETING, "enrolled", "present", "late", "absent", "excused")
        ),
        TableView(models.SessionAnalytics, "Snapshots", listed=(*MEETING, "taken_at", "present", "late", "connected")),
        TableView(
            models.WebSocketChannel, "Channels", listed=("name", *MEETING, "connection_count", "last_activity_at")
        ),
    ]


def _marks() -> list[TableView]:
    return [
        Marks(models.AttendanceRecord, "Marks", listed=(*WHOSE, "status", "source", "marked_at", "reason")),
        TableView(models.CheckIn, "Check-ins", listed=(*WHOSE, "status", "via", "scanned_at")),
        TableView(models.CheckInFlag, "Flags", listed=(*WHOSE, "kind", "detail", "raised_at")),
        TableView(
            models.ConfirmationCall, "Calls to confirm", listed=(*MEETING, "kind", "called_by_name", "called_at")
        ),
        TableView(models.CallRule, "Calls by rule", listed=(*MEETING, "kind", "share", "minutes_before")),
        TableView(models.Confirmation, "Confirmations", listed=(*WHOSE, "confirmed_at", "via")),
    ]


def _presence() -> list[TableView]:
    there = ("student_number", "person", *MEETING)
    sums = ("user_type", "first_connected_at", "last_activity_at", "total_active_seconds", "connects")
    return [
        TableView(models.Presence, "Presence", listed=(*there, *sums)),
        TableView(models.ConnectionEvent, "Connections", listed=(*there, "user_type", "event", "occurred_at")),
    ]


def _suggestions() -> list[TableView]:
    listed = ("student_number", "person", *MEETING, "status", "confidence")
    sessions = (*MEETING, "version", "policy_version", "provisional", "recommendation", "computed_at")
    return [
        TableView(models.SessionSuggestion, "Sessions with suggestions", listed=sessions),
        TableView(models.Suggestion, "Suggestions", listed=listed),
    ]


def _record() -> list[TableView]:
    change = ("old_status", "new_status", "reason", "changed_by_name", "changed_at")
    access = ("accessed_at", "person", "action", "subject", "detail")
    admin = ("changed_at", "changed_by_name", "table_name", "action", "row_id", "reason")
    return [
        TableView(models.AttendanceStatusChange, "History of marks", listed=("student_number", "class_name", *change)),
        TableView(models.SessionStatusChange, "History of sessions", listed=("class_name", "session_date", *change)),
        TableView(models.HistoryHead, "Ends of histories", listed=(*MEETING, "length")),
        TableView(models.AdminChange, "Changes by admins", listed=admin),
        TableView(models.AccessLogEntry, "Who looked at what", listed=access),
        TableView(models.Export, "My exports"),
        TableView(models.ExportChunk, "Pieces of my exports"),
    ]


def _pipeline() -> list[TableView]:
    return [
        DeadLetters(models.DeadLetter, "Dead letters", listed=("died_at", "origin", "entry_id", "reason")),
        TableView(models.InboxEvent, "Inbox"),
        TableView(models.Redemption, "Redemptions"),
        TableView(models.CountedDelivery, "Counted deliveries", newest_first=False),
    ]
