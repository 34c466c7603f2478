"""The stage's pages: the real templates with invented people."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.pages.meetings import Invitation, Meeting, Phase, Stay
from api.pages.rendering import page
from api.pages.shapes import (
    About,
    Answer,
    Asked,
    CallShown,
    Counts,
    GroupRow,
    LiveView,
    OpenCall,
    Person,
    Scan,
    SessionCard,
    TimelineRow,
    TimelineShown,
)
from shared.domain.attendance import Tally
from shared.domain.words import Role, Source, UserType
from tests.browser.stage.records import record_routes
from tests.browser.stage.reviews import review_routes
from tests.browser.stage.roll import roll_routes
from tests.browser.stage.status import status_routes
from tests.browser.stage.world import SESSION, ZONE, World

SECTION_A = "TEST101 Section A"
ROOM = "R 12"
TEACHER = Person("Test Teacher", Role.TEACHER)
STUDENT = Person("John Doe", Role.STUDENT, "S12345")
SCAN = Scan("the-ticket", SESSION, SECTION_A, ROOM, "09:02", 118)


def counts(*numbers: int) -> Counts:
    """Counters from enrolled, present, late, absent, excused."""
    return Counts.of(Tally(*numbers))


FULL = counts(30, 25, 2, 2, 1)
SOURCES = [source.value for source in Source]
TODAY = [
    SessionCard(
        SESSION,
        SECTION_A,
        ROOM,
        "active",
        "",
        "09:00",
        "10:30",
        counts(30, 17, 2, 0, 1),
        sources=("qr_checkin", "manual"),
    ),
    SessionCard(UUID(int=2), "MATH201 Tutorial", None, "scheduled", "", "13:15", "14:00", counts(1, 0), online=True),
    SessionCard(UUID(int=5), "MATH201 Tutorial", None, "completed", "", "07:30", "08:15", counts(1, 0), True, 1),
    SessionCard(UUID(int=3), SECTION_A, ROOM, "completed", "", "07:45", "08:30", FULL, sources=SOURCES),
    SessionCard(UUID(int=4), SECTION_A, "Auditorium Maximum, Main Building", "cancelled", "", "07:00", None, FULL),
]
HISTORY = [
    SessionCard(UUID(int=10 + n), SECTION_A, ROOM, status, f"{19 - n} November", "09:00", "10:30", FULL)
    for n, status in enumerate(("completed", "completed", "cancelled", "completed", "completed"))
]
HISTORY.insert(
    1,
    SessionCard(
        UUID(int=9), "MATH201 Tutorial", None, "completed", "19 November", "16:00", "17:00", counts(1, 0), True, 1
    ),
)
GROUPS = [
    GroupRow(UUID(int=50), SECTION_A, "Introduction to Testing", 30, SESSION, ROOM),
    GroupRow(UUID(int=51), "TEST101 Section B", "Introduction to Testing", 28, None, "R 14"),
    GroupRow(UUID(int=52), "MATH201 Tutorial", "Algebra", 1, None, None),
]

ONLINE = [
    Invitation(SESSION, "MATH201 Tutorial", "active", "16:00"),
    Invitation(UUID(int=2), "PHYS305 Advanced Laboratory Course, Group 12", "scheduled", "18:15"),
]


async def login(request: Request) -> Response:
    """The login form; ``?state=error`` and ``?state=scan`` show it in those states."""
    state = request.query_params.get("state")
    error = "This email and password do not match an account." if state == "error" else None
    scan = SCAN if state == "scan" else None
    return page(request, "login.html", {"person": None, "next": "/checkin", "email": "", "error": error, "scan": scan})


async def teach(request: Request) -> Response:
    """Today; ``?state=empty`` for a teacher without anything."""
    empty = request.query_params.get("state") == "empty"
    lists: dict[str, Any] = {
        "sessions": [] if empty else TODAY,
        "groups": [] if empty else GROUPS,
        "history": [] if empty else HISTORY,
    }
    return page(
        request, "teach/index.html", {"person": TEACHER, "today": "Saturday, 21 November 2026", "notice": None, **lists}
    )


async def live(request: Request) -> Response:
    """The Live Session Card, or what the room sees of it."""
    on_wall = request.url.path.endswith("/projector")
    world: World = request.app.state.world
    stats = world.stats()
    recent = [{**entry, "time": entry["timestamp"][11:16]} for entry in stats["recentCheckins"]]
    code: dict[str, Any] = world.code().model_dump(by_alias=True, mode="json")
    left = datetime.fromisoformat(code["expiresAt"]) - datetime.now(UTC)
    values = {
        "person": TEACHER,
        "session": _session(world),
        "stats": stats,
        "recent": recent,
        "snapshot": msgspec.json.encode(stats).decode(),
        "code": {**code, "secondsLeft": int(left.total_seconds()) + 1},
        "checkin_address": "muster.example.edu/checkin",
        "zone": ZONE,
        "notice": None,
        "timeline": None if world.status == "scheduled" else timeline_of(world),
        "call": _call(world, on_wall=on_wall) if world.call_closes else None,
    }
    return page(request, "teach/projector.html" if on_wall else "teach/live.html", values)


def _call(world: World, *, on_wall: bool) -> OpenCall | CallShown:
    """The open call, as each of the two shows it."""
    [call] = world.calls()
    if on_wall:
        return OpenCall(call["kind"], "09:32", call["closesAt"])
    json = msgspec.json.encode(call).decode()
    return CallShown(call["byRule"], call["asked"], call["confirmed"], "09:32", json)


def timeline_of(world: World) -> TimelineShown:
    """The class so far, as the stage's API tells it."""
    rows = [
        TimelineRow(each["start"][11:16], each["start"], each["checkIns"], each["connected"])
        for each in world.timeline()
    ]
    return TimelineShown(60, rows)


def _session(world: World) -> LiveView:
    started = None if world.status == "scheduled" else "09:00"
    ended = "10:24" if world.status == "completed" else None
    channel = f"attendance_updates_{SESSION}"
    return LiveView(SESSION, SECTION_A, ROOM, world.status, channel, "09:00", started, ended)


async def ask(request: Request) -> Response:
    """The confirm step without script."""
    world: World = request.app.state.world
    unmarked = world.tally().not_marked
    values = {"person": TEACHER, "session": _session(world), "ask": request.path_params["ask"], "unmarked": unmarked}
    return page(request, "teach/ask.html", values)


async def typed(request: Request) -> Response:
    """The page for typing a code, or with a scan the one tap, or a refusal."""
    state = request.query_params.get("state", "scan")
    if state in ("typed", "online"):
        online = ONLINE if state == "online" else []
        person = STUDENT if state == "online" else None
        return page(
            request,
            "checkin/typed.html",
            {"person": person, "code_refused": None, "typed": "", "online": online, "asked": []},
        )
    if state == "mistyped":
        values = {"person": STUDENT, "code_refused": "code_invalid", "typed": "ABCD 1234", "online": [], "asked": []}
        return page(request, "checkin/typed.html", values, 400)
    if state in ("present", "late", "again"):
        return _result(request, "late" if state == "late" else "present", repeat=state == "again")
    if state not in ("scan", "place"):
        about = About(SECTION_A, ROOM, "09:00") if state == "too_early" else None
        return page(
            request, "checkin/refused.html", {"person": STUDENT, "code": state, "ticket": "the-ticket", "about": about}
        )
    scan = replace(SCAN, asks_place=state == "place")
    return page(request, "checkin/confirm.html", {"person": STUDENT, "scan": scan, "zone": ZONE})


async def checked_in(request: Request) -> Response:
    """The form's answer, for phones without script."""
    return _result(request, "present", repeat=False)


def _result(request: Request, status: str, *, repeat: bool) -> Response:
    answer = Answer(status, "09:02", SECTION_A, ROOM, repeat)
    return page(request, "checkin/result.html", {"person": STUDENT, "answer": answer})


MEETING = Meeting(
    id=SESSION,
    class_name="MATH201 Tutorial",
    room=None,
    tutor="Test Teacher",
    begins="16:00",
    ends="17:00",
    phase=Phase.OPEN,
    user_type=UserType.STUDENT,
    opens=None,
    opens_at=None,
    stays=(Stay("16:02", "16:20"), Stay("16:24", "16:24")),
    minutes=18.2,
    since=None,
    last=None,
)
MEETINGS = {
    "early": replace(MEETING, phase=Phase.EARLY, opens="15:45", stays=()),
    "unplanned": replace(MEETING, phase=Phase.EARLY, stays=()),
    "room": replace(MEETING, phase=Phase.IN_PERSON, class_name=SECTION_A, room=ROOM, stays=()),
    "over": replace(MEETING, phase=Phase.OVER),
    "never": replace(MEETING, phase=Phase.OVER, stays=()),
    "cancelled": replace(MEETING, phase=Phase.CANCELLED, stays=()),
    "tutor": replace(MEETING, user_type=UserType.TUTOR),
}


async def join(request: Request) -> Response:
    """The page that keeps a connection; ``?state=`` one of :data:`MEETINGS`, left, noted or refused."""
    state = request.query_params.get("state", "")
    meeting = MEETINGS.get(state, MEETING)
    world: World = request.app.state.world
    asked = Asked(SESSION, meeting.class_name, "09:32") if world.call_closes else None
    values = {
        "meeting": meeting,
        "asked": asked,
        "zone": ZONE,
        "noted": state == "noted",
        "refused": state == "refused",
    }
    person = TEACHER if state == "tutor" else STUDENT
    return page(request, "join/meeting.html", {**values, "person": person, "left": state == "left"})


async def leave(_request: Request) -> Response:
    """Leaving, as the real page answers it."""
    return RedirectResponse(f"/join/{SESSION}?state=left", 303)


async def problem(request: Request) -> Response:
    """A page for something that is not there."""
    values = {"person": TEACHER, "title": "There is nothing here", "what_to_do": "Go back.", "back": "/teach"}
    return page(request, "problem.html", values, 404)


page_routes = [
    Route("/login", login),
    Route("/teach", teach),
    Route("/teach/sessions/{id}/live", live),
    Route("/teach/sessions/{id}/projector", live),
    *review_routes,
    *record_routes,
    *roll_routes,
    *status_routes,
    Route("/teach/sessions/{id}/{ask:str}", ask),
    Route("/checkin", typed),
    Route("/checkin", checked_in, methods=["POST"]),
    Route("/join/{id}", join),
    Route("/join/{id}/leave", leave, methods=["POST"]),
    Route("/problem", problem),
]
