"""What keeps a session's check-in honest, on one page: its rules, calls to confirm, and flags to look at."""

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from api.body import field_errors
from api.calls import CallBody, CallView, call, list_calls
from api.ownership import as_person
from api.pages.dates import clock
from api.pages.forms import read_form
from api.pages.people import code_of, for_staff, go, person_of, status_of
from api.pages.rendering import page
from api.problems import Problem, malformed
from api.rules import CheckInRulesBody, read_rules, set_rules
from api.services import Services
from api.sessions import find
from shared.domain.refusals import Code, Refused
from shared.tokens import Identity

ANSWERED_HERE = frozenset({Code.CALL_OPEN, Code.NOBODY_TO_ASK, Code.SESSION_NOT_ACTIVE, "validation_failed"})
"""What is said on this page; anything else has a page of its own."""

_PEOPLE = text("""
    SELECT u.id, u.first_name || ' ' || u.last_name AS name, n.student_number AS number
    FROM users u JOIN students n ON n.user_id = u.id WHERE u.id = ANY(:ids)
""")
_FLAGS = text("""
    SELECT f.student_id, f.kind, f.detail, f.raised_at FROM check_in_flags f
    WHERE f.session_id = :id ORDER BY f.student_id, f.raised_at, f.kind LIMIT 1000
""")


Body = TypeVar("Body", CheckInRulesBody, CallBody)


@dataclass(frozen=True, slots=True)
class FlagLine:
    """One flag, in words and campus time."""

    kind: str
    detail: str
    time: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """A student and what was noticed."""

    name: str
    number: str
    flags: list[FlagLine]


@for_staff
async def show(request: Request, who: Identity) -> Response:
    """``/teach/sessions/{id}/honesty``."""
    return await _page(request, who)


@for_staff
async def save_rules(request: Request, who: Identity) -> Response:
    """The rules, sent as a form."""
    form = await read_form(request)
    return await _act(request, who, lambda services, session_id: set_rules(services, who, session_id, _rules(form)))


@for_staff
async def ask(request: Request, who: Identity) -> Response:
    """A call to confirm, sent as a form."""
    form = await read_form(request)
    return await _act(request, who, lambda services, session_id: call(services, who, session_id, _call(form)))


async def _act(request: Request, who: Identity, act: Any) -> Response:
    session_id: UUID = request.path_params["session_id"]
    try:
        await act(request.app.state.services, session_id)
    except (Refused, Problem) as error:
        if code_of(error) not in ANSWERED_HERE:
            raise
        return await _page(request, who, error)
    return go(f"/teach/sessions/{session_id}/honesty?saved=1")


def _rules(form: dict[str, str]) -> CheckInRulesBody:
    fence = None
    if form.get("fenced") == "on":
        fence = {name: _number(form, name) for name in ("latitude", "longitude", "radiusMeters")}
    rules = {"geofence": form.get("geofence", "refuse"), "device": form.get("device", "flag"), **_calls(form)}
    return _checked(CheckInRulesBody, {"geofence": fence, "checkInRules": rules})


def _calls(form: dict[str, str]) -> dict[str, Any]:
    """The calls that the session is to make by itself."""
    recheck, exit_check = None, None
    if form.get("recheck") == "on":
        recheck = {"share": _number(form, "recheckPercent") / 100, "seconds": _number(form, "recheckSeconds")}
    if form.get("exitCheck") == "on":
        exit_check = {
            "minutesBefore": _number(form, "minutesBefore"),
            "share": _number(form, "exitPercent") / 100,
            "seconds": _number(form, "exitSeconds"),
        }
    return {"recheck": recheck, "exitCheck": exit_check}


def _call(form: dict[str, str]) -> CallBody:
    return _checked(CallBody, {"kind": form.get("kind"), "share": _number(form, "percent") / 100})


def _number(form: dict[str, str], name: str) -> float:
    try:
        return float(form.get(name, "").replace(",", "."))
    except ValueError:
        return float("nan")  # refused by name, like any other number that makes no sense


def _checked(model: type[Body], values: dict[str, Any]) -> Body:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise malformed(*field_errors(error)) from None


async def _page(request: Request, who: Identity, refused: Exception | None = None) -> Response:
    services: Services = request.app.state.services
    session_id: UUID = request.path_params["session_id"]
    row = await find(services, who, session_id)
    calls = (await list_calls(services, who, session_id)).items
    values = {
        "person": await person_of(services, who),
        "session": row,
        "rules": await read_rules(services, who, session_id),
        "calls": [await _shown(services, who, each) for each in calls],
        "flagged": await _flagged(services, who, session_id),
        "refused": refused and code_of(refused),
        "wrong": _wrong_fields(refused),
        "saved": "saved" in request.query_params,
    }
    status = 200 if refused is None else status_of(refused)
    return page(request, "teach/honesty.html", values, status)


def _wrong_fields(error: Exception | None) -> list[str]:
    return [each.field for each in error.extra.get("errors", [])] if isinstance(error, Problem) else []


async def _shown(services: Services, who: Identity, made: CallView) -> dict[str, Any]:
    people = await _people(services, who, made.missing)
    zone = services.settings.zone
    return {
        "kind": made.kind,
        "by_rule": made.by_rule,
        "time": clock(made.called_at, zone),
        "until": clock(made.closes_at, zone),
        "open": services.now() <= made.closes_at,
        "asked": made.asked,
        "confirmed": made.confirmed,
        "missing": sorted(people.values()),
    }


async def _flagged(services: Services, who: Identity, session_id: UUID) -> list[Flagged]:
    async with as_person(services, who) as connection:
        rows = (await connection.execute(_FLAGS, {"id": session_id})).all()
    people = await _people(services, who, {row.student_id for row in rows})
    lines: dict[UUID, list[FlagLine]] = {}
    for row in rows:
        time = clock(row.raised_at, services.settings.zone)
        lines.setdefault(row.student_id, []).append(FlagLine(row.kind, row.detail, time))
    found = [Flagged(*people[student], flags) for student, flags in lines.items() if student in people]
    return sorted(found, key=lambda each: (each.name, each.number))


async def _people(services: Services, who: Identity, ids: Any) -> dict[UUID, tuple[str, str]]:
    """Names and numbers, as this person may see them."""
    async with as_person(services, who) as connection:
        rows = await connection.execute(_PEOPLE, {"ids": list(ids)})
        return {row.id: (row.name, row.number) for row in rows}
