"""The first promise: thirty students check in, the teacher's page says 30 of 30, and so does the database."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import text

from tests.browser.chromium import keep
from tests.browser.walks import PASSWORD, arrive, code_of, end_class, expect_present, log_in, start_class
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]

NUMBERS = range(12345, 12375)


async def check_in(stack: Stack, session: str, code: dict[str, Any], number: int) -> int:
    """One student over HTTP, as a client would: log in, exchange the code, check in with the ticket."""
    async with stack.client() as client:
        login = {"email": f"s{number}@campus.test", "password": PASSWORD}
        token = (await client.post("/api/auth/login", json=login)).json()["access_token"]
        client.headers["authorization"] = f"Bearer {token}"
        ticket = (await client.post("/api/v1/checkin/tickets", json={"token": code["token"]})).json()["ticket"]
        answer = await client.post(f"/api/v1/sessions/{session}/attendance", json={"ticket": ticket})
    return answer.status_code


async def test_thirty_of_thirty(browser: Browser, stack: Stack) -> None:
    teacher = await arrive(browser, stack.api)
    await teacher.go("/teach")
    await log_in(teacher, "teacher@campus.test")
    session = await start_class(teacher, "TEST101 Section A")
    await expect(teacher.page.locator("connection-pill")).to_have_text("Live", timeout=10_000)

    for some in (NUMBERS[:10], NUMBERS[10:20], NUMBERS[20:]):
        code = await code_of(teacher, session)
        assert set(await asyncio.gather(*(check_in(stack, session, code, number) for number in some))) == {202}

    await expect_present(teacher, 30)
    await expect(teacher.page.locator("[data-count=totalStudents]")).to_have_text("30")
    await keep(teacher.page, "thirty-of-thirty")
    shown = await teacher.page.locator("recent-checkins .recent__name").all_text_contents()
    stats = await (await teacher.page.request.get(f"{stack.api}/api/v1/sessions/{session}/stats")).json()
    assert (stats["presentStudents"], stats["notMarked"], stats["attendanceRate"]) == (30, 0, 100.0)
    assert shown == [entry["studentName"] for entry in stats["recentCheckins"]]
    with stack.owner() as engine, engine.connect() as connection:
        statement = text("SELECT source, count(*) FROM attendance_records WHERE session_id = :id GROUP BY source")
        assert connection.execute(statement, {"id": session}).all() == [("qr_checkin", 30)]
    await end_class(teacher, rest_absent=False)
    await teacher.leave()
