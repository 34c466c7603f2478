"""The stage's review page: the real template over invented presence."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.pages.meetings import stays_of
from api.pages.rendering import page
from api.pages.review_table import Line, Selection, Show, Table
from api.pages.shapes import Person, ReviewView
from api.pages.strips import draw
from api.tutoring import MetricsView, SuggestedView, SuggestionView
from shared.domain.engagement import Window
from shared.domain.presence import Run
from shared.domain.words import Role
from tests.browser.stage.world import NAMES, SESSION, ZONE

START = datetime(2026, 11, 20, 16, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=60))
LATE_AFTER = timedelta(minutes=5)

PEOPLE: list[dict[str, Any]] = [
    {"runs": [(-1.5, 59)], "status": "present", "confidence": "high", "mark": ("present", "whiteboard_auto")},
    {"runs": [(0.7, 29), (33, 58.5)], "status": "present", "confidence": "high"},
    {"runs": [(7, 60)], "status": "late", "confidence": "high"},
    {"runs": [(n, n + 4) for n in range(2, 55, 6)], "status": "present", "confidence": "medium"},
    {"runs": [(3, 25)], "status": "present", "confidence": "low"},
    {"runs": [(12, 12), (40, 44)], "status": "absent", "confidence": "high", "mark": ("late", "manual")},
    {"runs": [], "status": "absent", "confidence": "high"},
    {"runs": [], "status": "present", "confidence": "high", "mark": ("present", "qr_checkin")},
    {"runs": [], "status": "absent", "confidence": "high", "mark": ("excused", "parent_reported")},
    {"runs": [(0, 60)], "status": None, "confidence": None, "mark": ("absent", "system_default")},
]
"""The tutor first. Runs in minutes after the start."""


def _line(place: int, person: dict[str, Any], *, suggested: bool, changed: bool) -> Line:
    runs = tuple(Run(*(START + timedelta(minutes=minute) for minute in run)) for run in person["runs"])
    status, source = person.get("mark", (None, None))
    active = sum(last - first for first, last in person["runs"])
    why = "Connected 7.0 min after the start; late after 5 min" if runs else "Never connected, while others did"
    shown = SuggestedView(
        user_id=UUID(int=0x2000 + place),
        name="Test Teacher" if place == 0 else NAMES[place - 1],
        user_type="student" if place else "tutor",
        status_suggestion=person["status"] if suggested else None,
        confidence=person["confidence"] if suggested else None,
        metrics=MetricsView(lateness_minutes=0.7, engagement_percentage=min(100, active / 0.6), active_minutes=active),
        reasons=[why, "Connected for 88.3 % of the time; high confidence above 70 %"] if suggested else [],
        current_status=status,
        current_source=source,
    )
    return Line(
        person=shown,
        number=f"S{12345 + place}" if place else None,
        strip=draw(runs, WINDOW, WINDOW, LATE_AFTER) if suggested else None,
        stays=stays_of(runs, ZONE),
        activities=[("draw", 140), ("type", 12), ("chat", 3)] if runs else [],
        notes="Came in by phone from the hospital, see mail" if source == "manual" else None,
        marked_by="Test Teacher" if source in ("manual", "whiteboard_auto") else None,
        ticked=suggested and status is None and person["confidence"] != "low",
        before=("late", "medium") if changed and place in (1, 3) else None,
    )


def _table(state: str) -> Table:
    people = PEOPLE[:2] if state == "single" else [] if state == "looked" else PEOPLE
    suggested = state != "no-whiteboard"
    lines = [_line(n, each, suggested=suggested, changed=state == "changed") for n, each in enumerate(people)]
    return Table(
        lines=lines,
        selection=Selection(Show.LOOK if state == "looked" else Show.ALL),
        pages=3 if state == "many" else 1,
        axis=("16:00", "16:05", "17:00") if suggested else None,
        everybody=len(people),
        marked=5,
        waiting={"decided": 0, "no-whiteboard": 0, "single": 1, "provisional": 6}.get(state, 5),
        sure=0 if state in ("decided", "provisional", "no-whiteboard") else 3,
        look=0 if state == "looked" else 2,
        changed=2 if state == "changed" else 0,
    )


ADVICE = "Accept the 3 suggestions of high confidence, and look at the reasons of the other 2."


def _view(state: str) -> SuggestionView:
    nothing = dict.fromkeys(
        f"{part}_{name}" for part in ("tutor", "student") for name in ("status_suggestion", "confidence", "metrics")
    )
    manual = "No whiteboard data available. Please mark attendance manually."
    return SuggestionView(
        session_id=SESSION,
        has_whiteboard=state != "no-whiteboard",
        provisional=state == "provisional",
        suggestion_version=7,
        policy_version=0,
        **nothing,
        tutor_reasons=[],
        student_reasons=[],
        participants=[],
        overall_recommendation=manual if state == "no-whiteboard" else ADVICE,
    )


CLOSED = {"locked": "locked", "scheduled": "not_started", "cancelled": "cancelled"}
REFUSED = {"changed": "suggestion_changed", "nobody": "no_suggestion", "invalid": "validation_failed"}
STATES = (
    "", "single", "provisional", "no-whiteboard", "decided", "looked", "many", "admin", "saved", *CLOSED, *REFUSED,
)  # fmt: skip


async def review(request: Request) -> Response:
    """The review page; ``?state=`` one of :data:`STATES`."""
    state = request.query_params.get("state", "")
    status = {"provisional": "active", "scheduled": "scheduled", "cancelled": "cancelled"}.get(state, "completed")
    values = {
        "person": Person("Test Teacher", Role.ADMIN if state == "admin" else Role.TEACHER),
        "session": ReviewView(
            SESSION, "MATH201 Tutorial", status, "online", "Friday, 20 November 2026", "16:00", "17:00"
        ),
        "view": _view(state),
        "table": _table(state),
        "closed": CLOSED.get(state),
        "needs_reason": state == "admin",
        "refused": REFUSED.get(state),
        "saved": state == "saved",
    }
    return page(request, "teach/review.html", values)


review_routes = [Route("/teach/sessions/{id}/review", review)]
