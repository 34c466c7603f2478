"""A parent's page: their children's records, and reporting an absence."""

from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from api.ownership import as_person
from api.pages.forms import read_form
from api.pages.people import code_of, for_roles, go, person_of, status_of
from api.pages.record import read_record
from api.pages.rendering import page
from api.pages.shapes import Child
from api.pages.texts import language_of
from api.problems import Problem, malformed
from api.review import decide
from api.services import Services
from api.tutoring import ReviewBody
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.tokens import Identity

ANSWERED_HERE = frozenset({Code.SESSION_LOCKED, Code.SESSION_NOT_ACTIVE, Code.FORBIDDEN, "validation_failed"})

_CHILDREN = text("""
    SELECT u.id, u.first_name || ' ' || u.last_name AS name, n.student_number AS number
    FROM parent_links l JOIN users u ON u.id = l.student_id JOIN students n ON n.user_id = l.student_id
    WHERE l.parent_id = :me ORDER BY u.first_name, u.last_name, u.id
""")

for_parents = for_roles((Role.PARENT,))


@for_parents
async def show(request: Request, who: Identity) -> Response:
    """``/family``: one child at a time, the first unless another is asked for."""
    return await _page(request, who, request.query_params.get("child"), request.query_params.get("cursor"))


@for_parents
async def report(request: Request, who: Identity) -> Response:
    """Report that a child was away, late or excused; the tutor sees it and may decide otherwise."""
    form = await read_form(request)
    session_id: UUID = request.path_params["session_id"]
    try:
        body = _body(form)
        await decide(request.app.state.services, who, session_id, body)
    except (Refused, Problem) as error:
        if error.code not in ANSWERED_HERE:
            raise
        return await _page(request, who, form.get("child"), None, code_of(error), status_of(error))
    return go(f"/family?reported=1&child={body.records[0].student_id}#s-{session_id}")


def _body(form: dict[str, str]) -> ReviewBody:
    report = {"student_id": form.get("child"), "status": form.get("status"), "notes": form.get("note") or None}
    try:
        return ReviewBody.model_validate({"records": [report]})
    except ValidationError:
        raise malformed() from None


async def _page(
    request: Request,
    who: Identity,
    wanted: str | None,
    cursor: str | None,
    refused: str | None = None,
    status: int = 200,
) -> Response:
    services: Services = request.app.state.services
    language = language_of(request)
    children = await _children(services, who)
    child = _chosen(children, wanted)
    translate = language.translations.gettext
    values = {
        "person": await person_of(services, who),
        "children": children,
        "child": child,
        "record": child and await read_record(services, who, child.id, cursor, translate),
        "refused": refused,
        "reported": "reported" in request.query_params,
    }
    return page(request, "record/family.html", values, status)


async def _children(services: Services, who: Identity) -> list[Child]:
    async with as_person(services, who) as connection:
        rows = await connection.execute(_CHILDREN, {"me": who.user_id})
        return [Child(row.id, row.name, row.number) for row in rows]


def _chosen(children: list[Child], wanted: str | None) -> Child | None:
    """The child asked for; ``not_found`` for somebody else's. Without a wish the first."""
    if wanted is None:
        return children[0] if children else None
    for child in children:
        if str(child.id) == wanted:
            return child
    raise Refused(Code.NOT_FOUND)
