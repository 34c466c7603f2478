"""Front ends that live elsewhere: an existing one works unchanged, and presence.js can be loaded into any page."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.async_api import Browser, Page
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from tests.browser.walks import PASSWORD
from tests.stack import Stack, free_ports

WHITEBOARD = Path(__file__).parent / "whiteboard"
TRACK = "([api, session, token, part]) => { window.tracking = new WhiteboardTracking(api, session, token, part); }"
EMBED = """([api, session, token]) => {
    window.myToken = async () => token;
    const script = document.createElement("script");
    Object.assign(script, { src: `${api}/static/presence.js`, crossOrigin: "anonymous" });
    Object.assign(script.dataset, { session, userType: "student", tokenFrom: "myToken" });
    return new Promise((resolve) => {
        script.onload = () => resolve("loaded");
        script.onerror = () => resolve("refused");
        document.head.append(script);
    });
}"""

pytestmark = [pytest.mark.browser, pytest.mark.stack]


@dataclass
class Tutorial:
    """A running online session of the demo campus, with one student."""

    stack: Stack
    id: str
    tokens: dict[str, str]

    async def ask(self, who: str, method: str, path: str, **more: Any) -> Any:
        """The API's answer to tutor or student."""
        async with self.stack.client() as client:
            client.headers["authorization"] = f"Bearer {self.tokens[who]}"
            return (await client.request(method, path, **more)).json()

    async def until(self, name: str, value: object) -> dict[str, Any]:
        """The connection status as the tutor sees it, once it says so."""
        return await self._until(lambda status: bool(status[name] == value))

    async def until_drawn(self, times: int) -> None:
        """Until so many strokes of the student are counted: each is drained on its own."""
        await self._until(
            lambda status: any(person["activity_counts"].get("draw") == times for person in status["participants"])
        )

    async def _until(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        path = f"/api/whiteboard/sessions/{self.id}/connection-status"
        for _ in range(150):
            status: dict[str, Any] = await self.ask("tutor", "GET", path)
            if is_so(status):
                return status
            await asyncio.sleep(0.1)
        raise AssertionError(f"it stayed like this: {status}")


@pytest.fixture
async def tutorial(stack: Stack) -> AsyncIterator[Tutorial]:
    """Started for this test, ended after it."""
    tokens = {}
    async with stack.client() as client:
        for who, email in (("tutor", "teacher@campus.test"), ("student", "s12345@campus.test")):
            answer = await client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
            tokens[who] = answer.json()["access_token"]
    held = Tutorial(stack, "", tokens)
    courses = (await held.ask("tutor", "GET", "/api/v1/courses"))["items"]
    course = next(course for course in courses if course["subjectCode"] == "MATH201")
    opening = {"courseId": course["id"], "groupId": course["groups"][0]["id"], "sessionType": "tutoring"}
    held.id = (await held.ask("tutor", "POST", "/api/v1/sessions/live", json={**opening, "mode": "online"}))["id"]
    yield held
    await held.ask("tutor", "POST", f"/api/v1/sessions/{held.id}/end")


class Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.listens.set()


async def serve(port: int) -> AsyncIterator[str]:
    """The whiteboard's page at a port of its own, which makes it another origin."""
    app = Starlette(routes=[Mount("/", StaticFiles(directory=WHITEBOARD, html=True))])
    server = Server(uvicorn.Config(app, port=port, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    await server.listens.wait()
    yield f"http://localhost:{port}"
    server.should_exit = True
    await task


@pytest.fixture
async def whiteboard(stack: Stack) -> AsyncIterator[str]:
    """The address of a front end that may call the API."""
    async for address in serve(urlsplit(stack.friend).port or 0):
        yield address


@pytest.fixture
async def hostile() -> AsyncIterator[str]:
    """The address of a page that may not."""
    async for address in serve(free_ports(1)[0]):
        yield address


Opened = Callable[[str], Awaitable[Page]]


@pytest.fixture
async def opened(browser: Browser) -> AsyncIterator[Opened]:
    """Opens pages in a browser of their own."""
    context = await browser.new_context()

    async def go(address: str) -> Page:
        page = await context.new_page()
        await page.goto(address)
        return page

    yield go
    await context.close()


async def test_an_existing_front_end_works_unchanged(tutorial: Tutorial, whiteboard: str, opened: Opened) -> None:
    """Connect, a heartbeat every 15 s, disconnect; then suggestion, accept and override by the tutor."""
    api = tutorial.stack.api
    tutor, student = await opened(whiteboard), await opened(whiteboard)
    await tutor.context.clock.install()
    for page, who in ((tutor, "tutor"), (student, "student")):
        await page.evaluate(TRACK, [api, tutorial.id, tutorial.tokens[who], who])
        await page.evaluate("() => tracking.start()")
    for _ in range(3):
        async with tutor.expect_response("**/heartbeat"), student.expect_response("**/heartbeat"):
            await tutor.context.clock.run_for(15_000)
    await tutorial.until("student_connected", True)
    await tutorial.until_drawn(3)
    for page in (student, tutor):
        await page.evaluate("() => tracking.stop()")
        told = [["connect", 202], *[["heartbeat", 202]] * 3, ["disconnect", 202]]
        assert await page.evaluate("() => tracking.answers") == told
    await tutorial.until("student_connected", False)

    await tutorial.ask("tutor", "POST", f"/api/v1/sessions/{tutorial.id}/end")
    seen = await tutor.evaluate("() => tracking.suggestion()")
    assert (seen["status"], seen["body"]["has_whiteboard"], seen["body"]["provisional"]) == (200, True, False)
    accepted = await tutor.evaluate("() => tracking.decide({ use_suggestion: true })")
    assert (accepted["status"], accepted["body"]["attendance_source"]) == (200, "whiteboard_auto")
    assert accepted["body"]["student_attendance_status"] == seen["body"]["student_status_suggestion"]
    order = {"student_attendance_status": "excused", "attendance_notes": "phoned", "reason": "ill"}
    overridden = await tutor.evaluate("order => tracking.decide(order)", order)
    assert overridden["body"]["student_attendance_status"] == "excused"
    assert overridden["body"]["attendance_source"] == "manual"
    refused = await student.evaluate("() => tracking.suggestion()")
    assert refused["status"] == 403


async def test_presence_is_one_script_tag_in_any_page(tutorial: Tutorial, whiteboard: str, opened: Opened) -> None:
    """A real socket from another origin, with a token of its own; closing the page is the goodbye."""
    page = await opened(whiteboard)
    assert await page.evaluate(EMBED, [tutorial.stack.api, tutorial.id, tutorial.tokens["student"]]) == "loaded"
    await page.wait_for_function("() => Muster.here.state.name === 'connected'")
    await page.evaluate("() => Muster.here.activity('draw')")
    status = await tutorial.until("student_connected", True)
    assert [log["event"] for log in status["connection_logs"] if log["user_type"] == "student"] == ["connect"]
    kept = "() => [...Object.values(localStorage), ...Object.values(sessionStorage), document.cookie].join('')"
    assert await page.evaluate(kept) == ""
    await page.close()
    status = await tutorial.until("student_connected", False)
    [student] = [each for each in status["participants"] if each["user_type"] == "student"]
    assert student["activity_counts"] == {"draw": 1}


async def test_where_no_socket_may_be_opened_it_reports(tutorial: Tutorial, whiteboard: str, opened: Opened) -> None:
    """The same script on a network without WebSockets, over the same API as the existing front end."""
    page = await opened(whiteboard)
    await page.evaluate("() => { Math.random = () => 0; }")  # the shortest waits
    await page.route_web_socket("**/ws/**", lambda socket: socket.close(code=1011))
    await page.evaluate(EMBED, [tutorial.stack.api, tutorial.id, tutorial.tokens["student"]])
    await page.wait_for_function("() => Muster.here.state.name === 'fallback'")
    await tutorial.until("student_connected", True)
    await page.evaluate("() => Muster.here.stop()")
    await tutorial.until("student_connected", False)


async def test_a_page_that_is_not_allowed_gets_nothing(tutorial: Tutorial, hostile: str, opened: Opened) -> None:
    """Neither the script nor an answer; and nobody counts as present."""
    page = await opened(hostile)
    assert await page.evaluate(EMBED, [tutorial.stack.api, tutorial.id, tutorial.tokens["student"]]) == "refused"
    await page.evaluate(TRACK, [tutorial.stack.api, tutorial.id, tutorial.tokens["student"], "student"])
    blocked = await page.evaluate("() => tracking.track('connect').then(() => 'answered', () => 'blocked')")
    assert blocked == "blocked"
    assert (await tutorial.until("student_connected", False))["participants"] == []
