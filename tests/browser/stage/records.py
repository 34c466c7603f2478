"""The stage's records: the real templates over an invented term."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.marking_views import StudentHistory, StudentName, StudentStatistics
from api.pages.meetings import Invitation, stays_of
from api.pages.record import CourseRate, Record, RecordLine
from api.pages.rendering import page
from api.pages.shapes import ChangeLine, Child, Person
from api.pages.strips import draw
from shared.domain.engagement import Window
from shared.domain.presence import Run
from shared.domain.words import Role
from tests.browser.stage.world import SESSION, ZONE

START = datetime(2026, 11, 20, 16, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=1))
STAY = (
    Run(START + timedelta(minutes=7), START + timedelta(minutes=30)),
    Run(START + timedelta(minutes=40), WINDOW.end),
)
SECTION_A = "TEST101 Section A"
CHILDREN = [Child(UUID(int=1), "John Doe", "S12345"), Child(UUID(int=2), "Johanna Doe-Wiśniewska", "S12399")]


def _line(place: int, class_name: str, mode: str, status: str | None, source: str | None, **more: Any) -> RecordLine:
    values: dict[str, Any] = {
        "session_id": UUID(int=0x3000 + place),
        "record_id": UUID(int=0x4000 + place) if status else None,
        "class_name": class_name,
        "day": f"{20 - place} November",
        "time": "16:00",
        "mode": mode,
        "room": "R 12",
        "status": status,
        "source": source,
        "notes": None,
        "marked_by": None,
        "scanned": None,
        "strip": None,
        "stays": (),
        "minutes": 0.0,
        "teacher": "Test Teacher",
        "teacher_email": "teacher@campus.test",
        "reportable": False,
    }
    return RecordLine(**{**values, **more})


PRESENCE: dict[str, Any] = {
    "strip": draw(STAY, WINDOW, WINDOW, timedelta(minutes=5)), "stays": stays_of(STAY, ZONE), "minutes": 43.0,
}  # fmt: skip
LINES = [
    _line(0, "MATH201 Tutorial", "online", None, None, reportable=True, **PRESENCE),
    _line(1, SECTION_A, "in_person", "present", "qr_checkin", scanned="09:02"),
    _line(2, SECTION_A, "in_person", "excused", "manual", marked_by="Test Teacher", notes="Sick note"),
    _line(3, "MATH201 Tutorial", "online", "late", "whiteboard_auto", marked_by="Test Teacher", **PRESENCE),
    _line(4, "PHYS305 Advanced Laboratory Course, Group 12", "online", "absent", "system_default", reportable=True),
    _line(5, SECTION_A, "hybrid", "absent", "parent_reported", notes="Was at the dentist all afternoon, sorry"),
]
COURSES = [
    CourseRate("MATH201", "Algebra", 8, 100.0),
    CourseRate("PHYS305", "Advanced Laboratory Course", 4, 75.0),
    CourseRate("TEST101", "Introduction to Testing", 38, 94.4),
]


def _record(state: str) -> Record:
    numbers = (0, 0, 0, 0, 0, 0.0) if state == "empty" else (50, 45, 2, 2, 1, 95.9)
    total, present, late, absent, excused, rate = numbers
    return Record(
        history=StudentHistory(
            student=StudentName(id=UUID(int=1), student_id="S12345", first_name="John", last_name="Doe"),
            statistics=StudentStatistics(
                total_sessions=int(total), present=int(present), late=int(late), absent=int(absent),
                excused=int(excused), attendance_rate=rate,
            ),
            records=[],
            next=None,
        ),
        courses=[] if state == "empty" else COURSES,
        lines=[] if state == "empty" else LINES,
        following=None if state == "empty" else "abc",
    )  # fmt: skip


async def me(request: Request) -> Response:
    """A student's own page; ``?state=empty`` before the first session."""
    state = request.query_params.get("state", "")
    online = [] if state == "empty" else [Invitation(SESSION, "MATH201 Tutorial", "active", "16:00")]
    person = Person("John Doe", Role.STUDENT, "S12345")
    return page(request, "record/me.html", {"person": person, "online": online, "record": _record(state)})


async def family(request: Request) -> Response:
    """A parent's page; ``?state=`` one, none, reported, forbidden or invalid."""
    state = request.query_params.get("state", "")
    children = {"one": CHILDREN[:1], "none": []}.get(state, CHILDREN)
    values = {
        "person": Person("Pat Parent", Role.PARENT),
        "children": children,
        "child": children[0] if children else None,
        "record": _record(state),
        "refused": {"forbidden": "forbidden", "invalid": "validation_failed"}.get(state),
        "reported": state == "reported",
    }
    return page(request, "record/family.html", values)


CHANGES = [
    ChangeLine("absent", "late", "manual", "The bus was late", "Test Teacher", "20 November", "17:40"),
    ChangeLine("present", "absent", "system_default", None, "Test Teacher", "20 November", "17:02"),
    ChangeLine(None, "present", "qr_checkin", None, None, "20 November", "16:03"),
    ChangeLine("present", None, "admin_override", "Made twice", "Ada Admin", "19 November", "08:00"),
]


async def changes(request: Request) -> Response:
    """How a mark came about."""
    person = Person("John Doe", Role.STUDENT, "S12345")
    return page(request, "record/changes.html", {"person": person, "changes": CHANGES, "back": "/me"})


record_routes = [Route("/me", me), Route("/family", family), Route("/marks/{id}", changes)]
