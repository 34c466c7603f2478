"""The stage's API and gateway: as little as the modules need, and the ropes to pull."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from api.codeview import draw_svg
from api.pages.shapes import wire_time
from tests.browser.stage.exports import export_routes
from tests.browser.stage.pages import page_routes
from tests.browser.stage.world import SESSION, World

STATIC = Path(__file__).parents[3] / "api" / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

LEFT = (WebSocketDisconnect, WebSocketDisconnected)
"""What Starlette raises for a socket whose page has just left: while it is being told, and before."""
_GAP = {"type": "RESYNC", "payload": {"data": {"channel": f"attendance_updates_{SESSION}", "reason": "slow"}}}
"""What a gateway says on an open socket when a push was lost."""


class Policy:
    """The same content security policy as the real pages have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Adds the header."""

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", POLICY.encode()))
            await send(message)

        await self._app(scope, receive, with_policy)


async def ticket(request: Request) -> Response:
    """A ticket for the stage's own gateway."""
    world: World = request.app.state.world
    if not world.api_up:
        return JSONResponse({"code": "unavailable"}, 503)
    url = f"ws://{request.url.netloc}/ws"
    return JSONResponse({"ticket": "t", "expiresAt": wire_time(datetime.now(UTC)), "url": url}, 201)


async def stats(request: Request) -> Response:
    """A snapshot."""
    world: World = request.app.state.world
    return JSONResponse(world.stats()) if world.api_up else JSONResponse({"code": "unavailable"}, 503)


async def calls(request: Request) -> Response:
    """The calls to confirm."""
    world: World = request.app.state.world
    return JSONResponse({"items": world.calls()}) if world.api_up else JSONResponse({"code": "unavailable"}, 503)


async def timeline(request: Request) -> Response:
    """The class over time."""
    world: World = request.app.state.world
    return JSONResponse({"bucketSeconds": 60, "buckets": world.timeline()})


async def code(request: Request) -> Response:
    """The code; PUT hides and shows it."""
    world: World = request.app.state.world
    if not world.api_up:
        return JSONResponse({"code": "unavailable"}, 503)
    if request.method == "PUT":
        visible = (await request.json())["visible"]
        world.generation += visible and not world.visible
        world.visible = visible
    return JSONResponse(world.code().model_dump(by_alias=True, mode="json"))


async def picture(request: Request) -> Response:
    """The code as a picture."""
    link = request.app.state.world.code().check_in_url
    return Response(draw_svg(link), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


async def attend(request: Request) -> Response:
    """A check-in: answers 503 as often as the world says, then yes."""
    world: World = request.app.state.world
    status = world.answers.pop(0) if world.answers else 202
    world.located.append((await request.json()).get("location"))
    codes = {400: "location_required", 409: "code_already_used", 410: "code_expired", 403: "not_enrolled"}
    if status >= 400:
        return JSONResponse({"code": codes.get(status, "unavailable")}, status)
    word = {200: "present", 202: "present", 299: "late"}[status]
    moment = f"{datetime.now(UTC):%Y-%m-%d}T09:02:11.250Z"
    return JSONResponse({"timestamp": moment, "status": word, "duplicate": status == 200}, 202)


async def session(request: Request) -> Response:
    """How the session stands."""
    world: World = request.app.state.world
    return JSONResponse({"status": world.status}) if world.api_up else JSONResponse({"code": "unavailable"}, 503)


async def presence(request: Request) -> Response:
    """Presence reported over HTTP; who says goodbye with a ticket sends no body."""
    world: World = request.app.state.world
    event = request.path_params["event"]
    if not world.api_up:
        return JSONResponse({"code": "unavailable"}, 503)
    if world.status != "active":
        return JSONResponse({"code": "session_not_active"}, 409)
    said = await request.json() if "ticket" not in request.query_params else {}
    world.reported.append(" ".join([event, *filter(None, [said.get("activity_type")])]))
    if event == "disconnect":
        world.goodbye.set()
    return JSONResponse({"accepted": True, "event": event, "timestamp": wire_time(datetime.now(UTC))}, 202)


async def gateway(socket: WebSocket) -> None:
    """The gateway's side of 3-realtime: resume exactly, or say RESYNC."""
    world: World = socket.app.state.world
    if not world.sockets_allowed:
        await socket.close()
        return
    await socket.accept()
    if world.close_with:
        await socket.close(world.close_with)
        return
    hello = {"userId": "1", "expiresAt": "", "pingSeconds": 15, "serverTime": wire_time(datetime.now(UTC))}
    await socket.send_json({"type": "CONNECTED", "payload": {"data": hello}})
    try:
        while True:
            await _hear(socket, world, await socket.receive_json())
    except WebSocketDisconnect:
        socket.app.state.sockets.discard(socket)


async def _hear(socket: WebSocket, world: World, frame: dict[str, Any]) -> None:
    if socket in socket.app.state.mute:
        return
    if frame["type"] == "PING":
        await socket.send_json({"type": "PONG", "payload": {"data": {}}})
        return
    if world.refusals:
        world.refusals -= 1
        await socket.send_json(_refusal("unavailable"))
        return
    if frame["type"] == "ACTIVITY":
        world.reported.append(f"activity {frame['activity']}")
        return
    known = frame.get("version")
    resumed = known is not None and frame["epoch"] == world.epoch and known <= world.version
    data = {"channel": frame["channel"], "version": world.version, "epoch": world.epoch, "recovered": resumed}
    await socket.send_json({"type": "SUBSCRIBED", "payload": {"data": data}})
    if not resumed and known is not None:
        await socket.send_json(
            {"type": "RESYNC", "payload": {"data": {"channel": frame["channel"], "reason": "epoch"}}}
        )
    for missed in world.history if resumed else []:
        if missed["payload"]["version"] > known:
            await socket.send_json(missed)
    socket.app.state.sockets.add(socket)
    if world.throw_out:
        await socket.close(world.throw_out)


async def pull(request: Request) -> Response:
    """Pull a rope: ``{"do": …}`` with its arguments."""
    order = await request.json()
    app, world = request.app, request.app.state.world
    frames: list[dict[str, Any]] = []
    match order.pop("do"):
        case "reset":
            await _close_all(app, 1012)
            app.state.world = World(**order)
        case "check_in" | "mark" | "start" | "end" | "call" | "confirm" as event:
            frames = _happen(world, event, order)
        case "gap" | "tell_again" as news:
            frames = [_GAP] if news == "gap" else world.history[-1:]
        case "set":
            for name, value in order.items():
                setattr(world, name, value)
        case "await_goodbye":
            await asyncio.wait_for(world.goodbye.wait(), 5)
        case "lose_history":
            world.epoch, world.version, world.history = "second", 0, []
        case "silence":
            app.state.mute |= app.state.sockets
        case "deploy" | "cut" | "unsubscribe" as disturbance:
            await _disturb(app, disturbance, order)
    await _send(app, frames[order.get("skip", 0) :])
    world = app.state.world  # of now: it may be a new one
    return JSONResponse({**world.stats(), "reported": world.reported, "located": world.located})


def _happen(world: World, event: str, order: dict[str, Any]) -> list[dict[str, Any]]:
    """What happens in the class; the frames that tell it."""
    match event:
        case "check_in":
            return world.check_in(order["count"], late=order.get("late", False))
        case "mark":
            return world.mark(order["students"], order["status"])
        case "call":
            return [world.call(order["seconds"])]
        case "confirm":
            return [world.confirm(order["count"])]
    return [world.become("active" if event == "start" else "completed")]


async def _disturb(app: Starlette, disturbance: str, order: dict[str, Any]) -> None:
    """What a gateway does to its sockets: close them, close them politely, or push nothing to them any more."""
    if disturbance == "unsubscribe":
        await _unsubscribe_all(app, order["code"])
        return
    if disturbance == "deploy":
        await _send(app, [{"type": "RECONNECT", "payload": {"data": {"maxJitterMs": order["jitter"]}}}])
    await _close_all(app, order.get("code", 1012))


async def _send(app: Starlette, frames: list[dict[str, Any]]) -> None:
    for socket in app.state.sockets - app.state.mute:
        with suppress(*LEFT):
            for frame in frames:
                await socket.send_json(frame)


def _refusal(code: str) -> dict[str, Any]:
    """An ERROR about the channel, as the real gateway words it."""
    message = f"attendance_updates_{SESSION}: This cannot be answered just now; try again."
    return {"type": "ERROR", "payload": {"data": {"code": code, "message": message, "temporary": code != "forbidden"}}}


async def _unsubscribe_all(app: Starlette, code: str) -> None:
    """The sockets stay open; nothing is pushed to them any more."""
    sockets, app.state.sockets = app.state.sockets, set()
    for socket in sockets:
        with suppress(*LEFT):
            await socket.send_json(_refusal(code))


async def _close_all(app: Starlette, code: int) -> None:
    sockets, app.state.sockets = app.state.sockets, set()
    await asyncio.gather(*(_close(socket, code) for socket in sockets))


async def _close(socket: WebSocket, code: int) -> None:
    with suppress(*LEFT):
        await socket.close(code)


def make_stage() -> Starlette:
    """The whole stage."""
    live = f"/api/v1/sessions/{SESSION}"
    app = Starlette(
        routes=[
            *page_routes,
            *export_routes,
            Route("/api/v1/realtime/ticket", ticket, methods=["POST"]),
            Route(f"{live}/stats", stats),
            Route(f"{live}/timeline", timeline),
            Route(f"{live}/calls", calls),
            Route(f"{live}/calls/mine", calls),
            Route(f"{live}/qr", code, methods=["GET", "PUT"]),
            Route(f"{live}/qr.svg", picture),
            Route(f"{live}/attendance", attend, methods=["POST"]),
            Route(live, session),
            Route(f"/api/whiteboard/sessions/{SESSION}/{{event}}", presence, methods=["POST"]),
            Route("/stage", pull, methods=["POST"]),
            WebSocketRoute("/ws", gateway),
            WebSocketRoute(f"/ws/sessions/{SESSION}", gateway),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Policy)],
    )
    app.state.world = World()
    app.state.sockets = set()
    app.state.mute = set()  # open, and nothing comes through any more
    app.state.send = partial(_send, app)
    return app
