"""The review page: what presence suggests for everybody, and a person's decision on it, as plain forms."""

import re
from collections.abc import Iterable
from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.pages.dates import clock, long_day
from api.pages.forms import read_fields
from api.pages.people import code_of, for_staff, go, person_of, status_of
from api.pages.rendering import page
from api.pages.review_table import Selection, Show, is_sure, read_seen, read_table, waits
from api.pages.shapes import ReviewView
from api.pages.texts import language_of
from api.problems import Problem, malformed
from api.review import decide
from api.services import Services
from api.sessions import SessionRow, find
from api.suggestions import read_suggestion
from api.tutoring import ReviewBody, SuggestedView
from shared.domain.marking import Closed, Door, source_of_mark
from shared.domain.refusals import Code, Refused
from shared.domain.words import Mode, Source, UserType
from shared.tokens import Identity

MOST_FIELDS = 200
ANSWERED_HERE = frozenset(
    {Code.SUGGESTION_CHANGED, Code.NO_SUGGESTION, Code.SESSION_LOCKED, Code.SESSION_NOT_ACTIVE, "validation_failed"}
)
"""What is said on the page that it is about; anything else has a page of its own."""


@for_staff
async def show(request: Request, who: Identity) -> Response:
    """``/teach/sessions/{id}/review``."""
    return await _page(request, who, _selection(request.query_params.get("show"), request.query_params.get("page")))


@for_staff
async def accept(request: Request, who: Identity) -> Response:
    """Accept what was seen: for all that wait, those of high confidence, those ticked, or one person."""
    form = await read_fields(request, MOST_FIELDS)
    first = dict(form)
    selection = _selection(first.get("show"), first.get("page"))
    services: Services = request.app.state.services
    session_id: UUID = request.path_params["session_id"]
    try:
        seen = await read_suggestion(services, who, session_id)
        people = _chosen(form, seen.participants)
        if not people:
            raise Refused(Code.NO_SUGGESTION)
        body = _body(
            use_suggestion=True,
            suggestion_version=first.get("version"),
            attendance_notes=first.get("notes") or None,
            reason=first.get("reason") or None,
        )
        await decide(services, who, session_id, body, people)
    except (Refused, Problem) as error:
        return await _refused(request, who, selection, first.get("seen", ""), error)
    return _back(request, selection, first.get("only"))


@for_staff
async def mark(request: Request, who: Identity) -> Response:
    """Mark one person by hand, whatever was suggested."""
    form = dict(await read_fields(request, MOST_FIELDS))
    selection = _selection(form.get("show"), form.get("page"))
    status, notes = form.get("status", ""), form.get("notes")  # the field held what was noted, so empty means none
    if form.get("part") == UserType.TUTOR:
        marks: dict[str, object] = {"tutor_attendance_status": status, "attendance_notes": notes}
    else:
        marks = {"records": [{"student_id": form.get("person"), "status": status, "notes": notes}]}
    try:
        body = _body(**marks, reason=form.get("reason") or None)
        await decide(request.app.state.services, who, request.path_params["session_id"], body)
    except (Refused, Problem) as error:
        return await _refused(request, who, selection, "", error)
    return _back(request, selection, form.get("person"))


def _chosen(form: Iterable[tuple[str, str]], people: Iterable[SuggestedView]) -> frozenset[UUID]:
    """Whom the button that was pressed means, of those who have a suggestion.

    "All" means all that wait: what a person decided before is never swept over by it.
    """
    pressed = dict(form)
    named = {value for name, value in form if name == "tick"}
    if only := pressed.get("only"):
        named = {only}
    elif pressed.get("whom") == "high":
        named = {str(person.user_id) for person in people if waits(person) and is_sure(person)}
    elif pressed.get("whom") == "all":
        named = {str(person.user_id) for person in people if waits(person)}
    return frozenset(person.user_id for person in people if person.status_suggestion and str(person.user_id) in named)


def _body(**fields: object) -> ReviewBody:
    try:
        return ReviewBody.model_validate(fields)
    except ValidationError:
        raise malformed() from None


def _selection(listed: str | None, number: str | None) -> Selection:
    known = Show.LOOK if listed == Show.LOOK else Show.ALL
    return Selection(known, int(number) if number and re.fullmatch("[0-9]{1,5}", number) else 1)


def _back(request: Request, selection: Selection, person: str | None) -> Response:
    path = f"/teach/sessions/{request.path_params['session_id']}/review"
    place = f"#p-{person}" if person and re.fullmatch("[0-9a-f-]{36}", person) else ""
    return go(f"{path}?saved=1&show={selection.show}&page={selection.number}{place}")


async def _refused(
    request: Request, who: Identity, selection: Selection, seen: str, error: Refused | Problem
) -> Response:
    if error.code not in ANSWERED_HERE:
        raise error
    before = Selection(selection.show, selection.number, read_seen(seen))
    return await _page(request, who, before, code_of(error), status_of(error))


async def _page(
    request: Request, who: Identity, selection: Selection, refused: str | None = None, status: int = 200
) -> Response:
    services: Services = request.app.state.services
    language = language_of(request)
    session_id: UUID = request.path_params["session_id"]
    view = await read_suggestion(services, who, session_id)
    row = await find(services, who, session_id)
    door = source_of_mark(Door.REVIEW, who.role, Mode(row.mode), row.status)
    values = {
        "person": await person_of(services, who),
        "session": _session(services, row, long_day(row.session_date, language.translations.gettext)),
        "view": view,
        "table": await read_table(services, who, row, view, selection),
        "closed": door if isinstance(door, Closed) else None,
        "needs_reason": door is Source.ADMIN_OVERRIDE,
        "refused": refused,
        "saved": "saved" in request.query_params,
    }
    return page(request, "teach/review.html", values, status)


def _session(services: Services, row: SessionRow, day: str) -> ReviewView:
    zone = services.settings.zone
    return ReviewView(
        id=row.id,
        class_name=row.class_name,
        status=row.status,
        mode=row.mode,
        day=day,
        time=clock(row.when, zone),
        until=None if row.until is None else clock(row.until, zone),
    )
