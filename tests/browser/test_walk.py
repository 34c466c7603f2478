"""The whole product, walked through as people do: the stack as ``make up`` starts it, several browsers at once."""

import asyncio

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import text

from tests.browser.accessibility import violations
from tests.browser.chromium import collect_faults, keep
from tests.browser.walks import (
    Walk,
    arrive,
    code_of,
    end_class,
    expect_present,
    log_in,
    scan,
    start_class,
    tap,
    type_code,
)
from tests.stack import Stack

CLASS = "TEST101 Section A"

pytestmark = [pytest.mark.browser, pytest.mark.stack]


@pytest.fixture
def base(stack: Stack) -> str:
    """The address of the running stack."""
    return stack.api


async def teaching(browser: Browser, base: str) -> tuple[Walk, str]:
    """The demo teacher at the live page of a running class, and the session's id."""
    teacher = await arrive(browser, base)
    await teacher.go("/teach")
    await log_in(teacher, "teacher@campus.test")
    session = await start_class(teacher, CLASS)
    await expect(teacher.page.locator("connection-pill")).to_have_text("Live", timeout=10_000)
    return teacher, session


async def test_a_class_checks_in_while_its_teacher_watches(browser: Browser, base: str) -> None:
    """Scan before login with script, typed after login without: both arrive on the live page; then the end."""
    teacher, session = await teaching(browser, base)
    faults = collect_faults(teacher.page)
    john = await arrive(browser, base, phone=True)
    await scan(john, await code_of(teacher, session))
    await expect(john.page.get_by_text(f"Your scan for {CLASS}")).to_be_visible()
    await log_in(john, "s12345@campus.test")
    await tap(john)
    await keep(john.page, "walk-present")
    await expect_present(teacher, 1)

    amina = await arrive(browser, base, phone=True, script=False)
    await amina.go("/login")
    await log_in(amina, "s12346@campus.test")
    await type_code(amina, await code_of(teacher, session))
    await tap(amina)
    await expect_present(teacher, 2)

    assert not await violations(teacher.page)
    await keep(teacher.page, "walk-live")
    await end_class(teacher, rest_absent=True)
    await expect(teacher.page.locator("[data-count=absentStudents]")).to_have_text("28")
    assert not faults
    await asyncio.gather(teacher.leave(), john.leave(), amina.leave())


async def test_reloading_the_result_shows_it_again(browser: Browser, base: str) -> None:
    """And an old link of the same class shows the first check-in, with its time."""
    teacher, session = await teaching(browser, base)
    student = await arrive(browser, base, phone=True)
    await scan(student, await code_of(teacher, session))
    await log_in(student, "s12347@campus.test")
    await tap(student)
    await student.page.reload()
    await expect(student.page.get_by_role("heading", name="Present")).to_be_visible()
    await expect(student.page.get_by_text("You were checked in already")).to_be_visible()
    await end_class(teacher, rest_absent=False)
    await asyncio.gather(teacher.leave(), student.leave())


async def test_the_network_cut_and_restored_loses_nothing(browser: Browser, base: str) -> None:
    """The teacher's laptop is offline while a student checks in; back online it shows what the database holds."""
    teacher, session = await teaching(browser, base)
    code = await code_of(teacher, session)
    await teacher.page.context.set_offline(True)
    student = await arrive(browser, base, phone=True)
    await scan(student, code)
    await log_in(student, "s12348@campus.test")
    await tap(student)
    await expect(teacher.page.locator("connection-pill")).not_to_have_text("Live")
    await teacher.page.context.set_offline(False)
    await expect(teacher.page.locator("connection-pill")).to_have_text("Live", timeout=25_000)
    await expect_present(teacher, 1)
    await end_class(teacher, rest_absent=False)
    await asyncio.gather(teacher.leave(), student.leave())


async def test_a_tutorial_from_joining_to_its_review(browser: Browser, base: str) -> None:
    """Tutor and student keep connections; the end reaches both pages; the tutor decides on what was witnessed."""
    tutor, student = await arrive(browser, base), await arrive(browser, base, phone=True)
    await tutor.go("/teach")
    await log_in(tutor, "teacher@campus.test")
    session = await start_class(tutor, "MATH201 Tutorial", room="")
    await student.go("/login?next=/checkin")
    await log_in(student, "s12345@campus.test")
    await student.page.get_by_role("link", name="Join MATH201 Tutorial").click()
    desk = Walk(await tutor.page.context.new_page(), base)
    await desk.go(f"/join/{session}")
    for walk in (student, desk):
        await expect(walk.page.locator("[data-state=connected]")).to_be_visible(timeout=10_000)
    await keep(student.page, "walk-joined")

    await end_class(tutor, rest_absent=False)
    for walk in (student, desk):
        await expect(walk.page.get_by_text("This session has ended")).to_be_visible(timeout=10_000)
    await tutor.go("/teach")
    await tutor.page.locator(f'a[href="/teach/sessions/{session}/review"]').first.click()
    row = tutor.page.locator("tr", has_text="John Doe")
    await expect(row).to_contain_text("Connected")
    await keep(tutor.page, "walk-review")
    await row.get_by_role("button", name="Accept").click()
    await expect(tutor.page.get_by_text("Saved.")).to_be_visible()
    await expect(tutor.page.locator("tr", has_text="John Doe")).to_contain_text("Accepted suggestion")
    assert not await violations(tutor.page)
    await asyncio.gather(tutor.leave(), student.leave())


async def test_the_roll_is_called_on_one_screen_and_seen_on_another(browser: Browser, base: str, stack: Stack) -> None:
    """One key marks and another undoes, in the database too; a second screen follows without being touched."""
    teacher, session = await teaching(browser, base)
    second = Walk(await teacher.page.context.new_page(), base)
    await second.go(f"/teach/sessions/{session}/live")
    await expect(second.page.locator("connection-pill")).to_have_text("Live", timeout=10_000)
    mine, theirs = (walk.page.locator("session-roll [data-student]", has_text="S12350") for walk in (teacher, second))
    await mine.focus()
    await teacher.page.keyboard.press("e")
    await expect(theirs.locator(".chip")).to_have_text("Excused", timeout=10_000)
    await mine.focus()
    await teacher.page.keyboard.press("a")
    await expect(theirs.locator(".chip")).to_have_text("Absent", timeout=10_000)
    for word in ("Excused", "Not marked"):
        await teacher.page.keyboard.press("u")
        await expect(theirs.locator(".chip")).to_have_text(word, timeout=10_000)
    await expect(mine.locator(".chip")).to_have_text("Not marked")
    await keep(teacher.page, "walk-roll")
    await teacher.page.get_by_role("button", name="Mark the rest absent").click()
    await teacher.page.get_by_role("dialog").get_by_role("button", name="Mark the rest absent").click()
    await expect(second.page.locator("[data-count=absentStudents]")).to_have_text("30", timeout=10_000)
    with stack.owner() as engine, engine.connect() as connection:
        statement = text("SELECT DISTINCT status, source FROM attendance_records WHERE session_id = :id")
        assert connection.execute(statement, {"id": session}).all() == [("ABSENT", "system_default")]
    await end_class(teacher, rest_absent=False)
    await teacher.leave()
