"""The full roll: everybody with their mark, searched and marked by hand; as a page, and as data for the live page."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import msgspec
from pydantic import ValidationError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from api.marking import bulk_mark, delete_mark, mark_many
from api.marking_bodies import RecordMark
from api.ownership import as_person
from api.pages.forms import read_form
from api.pages.people import code_of, for_staff, go, person_of, status_of
from api.pages.rendering import PRIVATE, page
from api.problems import Problem, malformed
from api.services import Services
from api.sessions import find
from shared.domain.marking import Closed, Door, source_of_mark
from shared.domain.refusals import Code, Refused
from shared.domain.words import Mark, Mode
from shared.tokens import Identity

LINES = 200
"""People on one page; who is not among them is found by searching."""
MOST = 10_000
MARKS = frozenset(mark.lower() for mark in Mark)
NO_MARK = "none"
"""What the form sends to take a mark away: undoing somebody's first."""

ANSWERED_HERE = frozenset(
    {Code.SESSION_LOCKED, Code.SESSION_NOT_ACTIVE, Code.NOT_ENROLLED, Code.FORBIDDEN, "validation_failed"}
)

_ROLL = text("""
    SELECT l.student_id, n.student_number, u.first_name || ' ' || u.last_name AS name, r.status, r.source,
           count(*) OVER () AS found
    FROM session_roll l JOIN users u ON u.id = l.student_id JOIN students n ON n.user_id = l.student_id
    LEFT JOIN attendance_records r ON r.session_id = l.session_id AND r.student_id = l.student_id
    WHERE l.session_id = :id
      AND (:wanted = '' OR strpos(lower(u.first_name || ' ' || u.last_name || ' ' || n.student_number), :wanted) > 0)
    ORDER BY u.last_name, u.first_name, n.student_number LIMIT :most
""")
_STANDING = text("SELECT id, status FROM attendance_records WHERE session_id = :id AND student_id = :student")


@dataclass(frozen=True, slots=True)
class Entry:
    """One student on the roll; status in lower case, null without a mark."""

    id: UUID
    number: str
    name: str
    status: str | None
    source: str | None


@for_staff
async def show(request: Request, who: Identity) -> Response:
    """``/teach/sessions/{id}/roll``: everything that the roll of the live page can, as plain forms."""
    return await _page(request, who)


@for_staff
async def entries(request: Request, who: Identity) -> Response:
    """The roll as data, read after the snapshot it goes with: replaying what came since changes nothing."""
    services: Services = request.app.state.services
    session_id: UUID = request.path_params["session_id"]
    await find(services, who, session_id)
    async with as_person(services, who) as connection:
        roll, _ = await _read(connection, session_id, "", MOST)
    body = msgspec.json.encode({"students": [asdict(entry) for entry in roll]})
    return Response(body, headers=PRIVATE, media_type="application/json")


@for_staff
async def mark(request: Request, who: Identity) -> Response:
    """Mark one student, or take the mark away again."""
    form = await read_form(request)
    services: Services = request.app.state.services
    session_id: UUID = request.path_params["session_id"]
    try:
        student = _student(form)
        standing = await _standing(services, who, session_id, student)
        await _write(services, who, session_id, student, form.get("status", ""), standing)
    except (Refused, Problem) as error:
        return await _refused(request, who, error)
    was = NO_MARK if standing is None else standing.status.lower()
    return go(f"/teach/sessions/{session_id}/roll?marked={student}&was={was}#s-{student}")


@for_staff
async def rest(request: Request, who: Identity) -> Response:
    """Mark everybody absent who has no mark: visibly a default, which a check-in still replaces."""
    await read_form(request)
    session_id: UUID = request.path_params["session_id"]
    try:
        await bulk_mark(request.app.state.services, who, session_id, Mark.ABSENT)
    except (Refused, Problem) as error:
        return await _refused(request, who, error)
    return go(f"/teach/sessions/{session_id}/roll")


def _student(form: dict[str, str]) -> UUID:
    try:
        return UUID(form.get("student", ""))
    except ValueError:
        raise malformed() from None


async def _write(
    services: Services, who: Identity, session_id: UUID, student: UUID, status: str, standing: Row[Any] | None
) -> None:
    if status == NO_MARK:
        if standing is not None:
            await delete_mark(services, who, standing.id)
        return
    try:
        wanted = RecordMark.model_validate({"student_id": str(student), "status": status.upper()})
    except ValidationError:
        raise malformed() from None
    await mark_many(services, who, session_id, [wanted])


async def _standing(services: Services, who: Identity, session_id: UUID, student: UUID) -> Row[Any] | None:
    """The student's mark before it is changed, for undoing it."""
    async with as_person(services, who) as connection:
        return (await connection.execute(_STANDING, {"id": session_id, "student": student})).one_or_none()


async def _read(connection: AsyncConnection, session_id: UUID, wanted: str, most: int) -> tuple[list[Entry], int]:
    """The first of those whose name or number holds ``wanted``, and how many there are."""
    values = {"id": session_id, "wanted": wanted.lower(), "most": most}
    rows: Sequence[Row[Any]] = (await connection.execute(_ROLL, values)).all()
    found = [
        Entry(row.student_id, row.student_number, row.name, row.status and row.status.lower(), row.source)
        for row in rows
    ]
    return found, rows[0].found if rows else 0


async def _refused(request: Request, who: Identity, error: Refused | Problem) -> Response:
    if error.code not in ANSWERED_HERE:
        raise error
    return await _page(request, who, code_of(error), status_of(error))


async def _page(request: Request, who: Identity, refused: str | None = None, status: int = 200) -> Response:
    services: Services = request.app.state.services
    session_id: UUID = request.path_params["session_id"]
    row = await find(services, who, session_id)
    wanted = request.query_params.get("q", "").strip()[:100].replace("\0", "")
    async with as_person(services, who) as connection:
        roll, found = await _read(connection, session_id, wanted, LINES)
    door = source_of_mark(Door.MARKING, who.role, Mode(row.mode), row.status)
    marked, was = request.query_params.get("marked"), request.query_params.get("was")
    values = {
        "person": await person_of(services, who),
        "session": row,
        "roll": roll,
        "found": found,
        "wanted": wanted,
        "closed": door if isinstance(door, Closed) else None,
        "refused": refused,
        "undo": next((entry for entry in roll if str(entry.id) == marked), None) if was in MARKS | {NO_MARK} else None,
        "was": was,
    }
    return page(request, "teach/roll.html", values, status)
