"""Live sessions: make, find, run, and the code on the screen."""

from typing import Literal
from uuid import UUID

from starlette.responses import Response

from api import opening, running, sessions, shortcodes
from api.codeview import CodeView, view_code
from api.endpoint import Call, Endpoint, page_of, view
from api.facts import SessionFacts
from api.fields import CamelBody
from api.opening import RotateSeconds
from api.ownership import require_staff
from api.rules import CheckInRulesBody, CheckInRulesView, read_rules, set_rules
from api.stats import read_stats
from api.views import EndedSessionView, LiveSessionPage, LiveSessionStats, LiveSessionView
from shared.domain.refusals import Code, Refused
from shared.domain.words import SessionStatus

NEVER_STORED = {"Cache-Control": "no-store"}
SESSION = "/api/v1/sessions/{session_id:uuid}"


class EndSession(CamelBody):
    """How a session ends; ``markRest`` marks everybody without a mark absent."""

    mark_rest: Literal["absent"] | None = None


class CodeSettings(CamelBody):
    """Hide or show the code, or change its rhythm."""

    visible: bool | None = None
    rotate_seconds: RotateSeconds | None = None


async def create_live_session(call: Call) -> Response:
    """Make a session of a course and start it, unless ``startNow`` is false."""
    row = await opening.create_live(call.services, call.who, call.body)
    shown = await sessions.view_session(call.services, call.who, row)
    return view(shown, 201, {"Location": f"/api/v1/sessions/{row.id}"})


async def list_sessions(call: Call) -> Response:
    """My sessions, newest first; all of them for an admin."""
    rows, following = await sessions.list_sessions(call.services, call.who, call.query)
    return page_of([await sessions.view_session(call.services, call.who, row) for row in rows], following)


async def get_session(call: Call) -> Response:
    """One session I have a part in."""
    row = await sessions.find(call.services, call.who, call.path("session_id"))
    return view(await sessions.view_session(call.services, call.who, row))


async def start_session(call: Call) -> Response:
    """Start a planned session."""
    row = await running.start(call.services, call.who, call.path("session_id"))
    return view(await sessions.view_session(call.services, call.who, row))


async def end_session(call: Call) -> Response:
    """End an active session; again gives the same answer."""
    rest = call.body is not None and call.body.mark_rest == "absent"
    session_id: UUID = call.path("session_id")
    row = await running.end(call.services, call.who, session_id, mark_rest_absent=rest)
    shown = await sessions.view_session(call.services, call.who, row)
    summary = await read_stats(call.services, call.who, session_id)
    return view(EndedSessionView(**shown.model_dump(), summary=summary))


async def cancel_session(call: Call) -> Response:
    """Cancel a planned or active session."""
    row = await running.cancel(call.services, call.who, call.path("session_id"))
    return view(await sessions.view_session(call.services, call.who, row))


async def get_stats(call: Call) -> Response:
    """The room at a glance, at a version of the session's channel."""
    return view(await read_stats(call.services, call.who, call.path("session_id")), headers=NEVER_STORED)


async def get_code(call: Call) -> Response:
    """The code that is shown now; null codes while hidden."""
    return view(await _show(call), headers=NEVER_STORED)


async def put_code(call: Call) -> Response:
    """Hide or show the code, or change how fast it turns."""
    await running.set_code(
        call.services,
        call.who,
        call.path("session_id"),
        visible=call.body.visible,
        rotate_seconds=call.body.rotate_seconds,
    )
    facts = await call.services.facts.get(call.path("session_id"))
    if facts is None:
        raise Refused(Code.NOT_FOUND)
    return view(await _view_now(call, facts), headers=NEVER_STORED)


async def get_check_in_rules(call: Call) -> Response:
    """The fence, and what becomes of who is outside it or shares a device."""
    return view(await read_rules(call.services, call.who, call.path("session_id")))


async def put_check_in_rules(call: Call) -> Response:
    """Replace the check-in rules; they judge check-ins from then on."""
    return view(await set_rules(call.services, call.who, call.path("session_id"), call.body))


async def get_code_svg(call: Call) -> Response:
    """The code as a scalable picture."""
    return await _picture(call, "svg", "image/svg+xml")


async def get_code_png(call: Call) -> Response:
    """The code as a bitmap."""
    return await _picture(call, "png", "image/png")


async def _show(call: Call) -> CodeView:
    """The code for its teacher and admins, from remembered facts: a screen asks at every step."""
    session_id: UUID = call.path("session_id")
    facts = await call.services.facts.get(session_id)
    if facts is None or facts.teacher_id != call.who.user_id:
        await sessions.find(call.services, call.who, session_id)
        require_staff(call.who)
    if facts is None or facts.status != SessionStatus.ACTIVE:
        raise Refused(Code.SESSION_NOT_ACTIVE, "The code is shown while the session is running.")
    return await _view_now(call, facts)


async def _view_now(call: Call, facts: SessionFacts) -> CodeView:
    shown = view_code(call.services.secret, call.services.settings.public_url, facts, call.services.now())
    if shown.short_code is not None:
        await shortcodes.announce(call.services, facts, shown.short_code, shown.expires_at)
    return shown


async def _picture(call: Call, kind: str, media_type: str) -> Response:
    shown = await _show(call)
    if shown.qr_code_data is None:
        raise Refused(Code.CODE_HIDDEN, "The code is hidden.")
    picture = await call.services.pictures.picture(shown.qr_code_data, kind)
    return Response(picture, headers=NEVER_STORED, media_type=media_type)


ENDPOINTS = [
    Endpoint(
        "POST",
        "/api/v1/sessions/live",
        create_live_session,
        "live",
        {201: LiveSessionView},
        refuses=(403, 404, 409),
        body=opening.NewSession,
    ),
    Endpoint("GET", "/api/v1/sessions", list_sessions, "live", {200: LiveSessionPage}, query=sessions.SessionFilter),
    Endpoint("GET", SESSION, get_session, "live", {200: LiveSessionView}, (404,)),
    Endpoint("POST", SESSION + "/start", start_session, "live", {200: LiveSessionView}, (403, 404, 409)),
    Endpoint(
        "POST",
        SESSION + "/end",
        end_session,
        "live",
        {200: EndedSessionView},
        (403, 404, 409),
        body=EndSession,
        body_optional=True,
    ),
    Endpoint("POST", SESSION + "/cancel", cancel_session, "live", {200: LiveSessionView}, (403, 404, 409)),
    Endpoint("GET", SESSION + "/stats", get_stats, "live", {200: LiveSessionStats}, (404,)),
    Endpoint("GET", SESSION + "/qr", get_code, "live", {200: CodeView}, (403, 404, 409)),
    Endpoint("PUT", SESSION + "/qr", put_code, "live", {200: CodeView}, (403, 404, 409), body=CodeSettings),
    Endpoint("GET", SESSION + "/check-in-rules", get_check_in_rules, "live", {200: CheckInRulesView}, (403, 404)),
    Endpoint(
        "PUT",
        SESSION + "/check-in-rules",
        put_check_in_rules,
        "live",
        {200: CheckInRulesView},
        (403, 404, 409),
        body=CheckInRulesBody,
    ),
    Endpoint("GET", SESSION + "/qr.svg", get_code_svg, "live", {200: "image/svg+xml"}, (403, 404, 409)),
    Endpoint("GET", SESSION + "/qr.png", get_code_png, "live", {200: "image/png"}, (403, 404, 409)),
]
