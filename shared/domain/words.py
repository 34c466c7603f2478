"""The campus's words as enumerations: roles, statuses, modes, sources (1-domain)."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is; everybody has exactly one."""

    ADMIN = "ADMIN"
    TEACHER = "TEACHER"
    STUDENT = "STUDENT"
    PARENT = "PARENT"


class SessionStatus(StrEnum):
    """Where a session is in its life."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen in the session any more."""
        return self in (SessionStatus.COMPLETED, SessionStatus.CANCELLED)


class Mode(StrEnum):
    """Where people meet; online and hybrid sessions have connections as evidence."""

    IN_PERSON = "in_person"
    ONLINE = "online"
    HYBRID = "hybrid"


class Mark(StrEnum):
    """An attendance status. Stored and marked in upper case; the live family speaks lower case."""

    PRESENT = "PRESENT"
    LATE = "LATE"
    ABSENT = "ABSENT"
    EXCUSED = "EXCUSED"


class Source(StrEnum):
    """How a mark came to be."""

    QR_CHECKIN = "qr_checkin"
    MANUAL = "manual"
    WHITEBOARD_AUTO = "whiteboard_auto"
    PARENT_REPORTED = "parent_reported"
    ADMIN_OVERRIDE = "admin_override"
    SYSTEM_DEFAULT = "system_default"


class UserType(StrEnum):
    """The part a person takes in a session."""

    TUTOR = "tutor"
    STUDENT = "student"


class Via(StrEnum):
    """What a student showed to check in."""

    TICKET = "ticket"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    SHORT_CODE = "short_code"


class Connection(StrEnum):
    """What a participant's connection tells: each is a point in time that proves presence."""

    CONNECT = "connect"
    HEARTBEAT = "heartbeat"
    DISCONNECT = "disconnect"


class Rule(StrEnum):
    """What becomes of a check-in that breaks a rule of its session."""

    REFUSE = "refuse"
    FLAG = "flag"


class FlagKind(StrEnum):
    """What a person should look at (5-security)."""

    OUTSIDE_GEOFENCE = "outside_geofence"
    NO_LOCATION = "no_location"
    SHARED_DEVICE = "shared_device"
    OFF_CAMPUS = "off_campus"
    LATE_IN_STEP = "late_in_step"
    BURST = "burst"
    ALWAYS_TOGETHER = "always_together"


class AccessAction(StrEnum):
    """What somebody did who looked at attendance."""

    VIEW = "view"
    EXPORT = "export"


class AccessSubject(StrEnum):
    """What it was that they looked at."""

    STUDENT = "student"
    SESSION = "session"
    COURSE = "course"
    REPORT = "report"


class CallKind(StrEnum):
    """When students are asked to confirm that they are there."""

    RECHECK = "recheck"
    EXIT = "exit"
