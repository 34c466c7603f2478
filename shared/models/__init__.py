"""All tables. Importing this package registers every model on :class:`Base`."""

from shared.models.admin import AdminChange
from shared.models.base import Base
from shared.models.exports import AccessLogEntry, Export, ExportChunk
from shared.models.honesty import CallRule, CheckInFlag, Confirmation, ConfirmationCall
from shared.models.marks import AttendanceRecord, AttendanceStatusChange, CheckIn
from shared.models.people import Course, CoursePolicy, Credential, Enrolment, Group, ParentLink, Student, User
from shared.models.pipeline import CountedDelivery, DeadLetter, InboxEvent, Redemption
from shared.models.presence import ConnectionEvent, Presence
from shared.models.sessions import (
    HistoryHead,
    LiveSession,
    SessionAnalytics,
    SessionGroup,
    SessionStatusChange,
    SessionTally,
    WebSocketChannel,
)
from shared.models.suggestions import SessionSuggestion, Suggestion

__all__ = [
    "AccessLogEntry",
    "AdminChange",
    "AttendanceRecord",
    "AttendanceStatusChange",
    "Base",
    "CallRule",
    "CheckIn",
    "CheckInFlag",
    "Confirmation",
    "ConfirmationCall",
    "ConnectionEvent",
    "CountedDelivery",
    "Course",
    "CoursePolicy",
    "Credential",
    "DeadLetter",
    "Enrolment",
    "Export",
    "ExportChunk",
    "Group",
    "HistoryHead",
    "InboxEvent",
    "LiveSession",
    "ParentLink",
    "Presence",
    "Redemption",
    "SessionAnalytics",
    "SessionGroup",
    "SessionStatusChange",
    "SessionSuggestion",
    "SessionTally",
    "Student",
    "Suggestion",
    "User",
    "WebSocketChannel",
]
