"""The stage's roll: its page, its data for the live page, and marking as the real API answers it."""

from uuid import UUID, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.pages.rendering import page
from api.pages.roll import Entry
from api.pages.shapes import Person
from shared.domain.words import Mark, Role
from tests.browser.stage.world import SESSION, World


async def entries(request: Request) -> Response:
    """The roll as data."""
    world: World = request.app.state.world
    return JSONResponse(world.roll()) if world.api_up else JSONResponse({"code": "unavailable"}, 503)


async def mark(request: Request) -> Response:
    """Marks a student; refuses as often as the world says."""
    world: World = request.app.state.world
    [record] = (await request.json())["records"]
    if world.mark_refusals:
        world.mark_refusals -= 1
        return JSONResponse({"session": ["Cannot mark attendance - session ended at 10:30"]}, 400)
    world.reported.append(f"mark {record['student_id'][-2:]} {record['status']}")
    await request.app.state.send(world.mark([record["student_id"]], Mark(record["status"]).lower()))
    marked = {"id": str(record_of(record["student_id"])), "student_id": record["student_id"]}
    return JSONResponse({"count": 1, "attendance_records": [{**marked, "status": record["status"]}]}, 201)


async def unmark(request: Request) -> Response:
    """Takes a mark away."""
    world: World = request.app.state.world
    marks = {str(record_of(student)): student for student in world.marks}
    student = marks[request.path_params["record"]]
    world.reported.append(f"unmark {student[-2:]}")
    await request.app.state.send(world.mark([student], None))
    return Response(status_code=204)


async def rest(request: Request) -> Response:
    """Everybody without a mark is absent by default."""
    world: World = request.app.state.world
    unmarked = [each["id"] for each in world.roll()["students"] if each["status"] is None]
    await request.app.state.send(world.mark(unmarked, "absent", "system_default"))
    return JSONResponse({"count": len(unmarked)}, 201)


def record_of(student: str) -> UUID:
    """The id of a student's mark."""
    return uuid5(SESSION, student)


async def roll(request: Request) -> Response:
    """The page; ``?state=`` marked, nobody, refused, locked or review."""
    state = request.query_params.get("state", "")
    world: World = request.app.state.world
    found = [Entry(UUID(each.pop("id")), **each) for each in world.roll()["students"]]
    found = [] if state == "nobody" else found[:8]
    closed = "locked" if state in ("locked", "review") else None
    values = {
        "person": Person("Test Teacher", Role.TEACHER),
        "session": {
            "id": SESSION,
            "class_name": "TEST101 Section A",
            "room": "R 12",
            "mode": "online" if state == "review" else "in_person",
        },
        "roll": found,
        "found": 30 if found else 0,
        "wanted": "nobody" if state == "nobody" else "",
        "closed": closed,
        "refused": "session_locked" if state == "refused" else None,
        "undo": found[0] if state == "marked" else None,
        "was": "late",
    }
    return page(request, "teach/roll.html", values)


roll_routes = [
    Route("/teach/sessions/{id}/roll", roll),
    Route("/teach/sessions/{id}/roll.json", entries),
    Route("/api/attendance/mark/", mark, methods=["POST"]),
    Route("/api/attendance/bulk-mark/", rest, methods=["POST"]),
    Route("/api/attendance/{record}/", unmark, methods=["DELETE"]),
]
