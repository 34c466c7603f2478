"""The roll on the live page: one key marks, another undoes, and what is not saved is visibly taken back."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.chromium import PROJECTED, SMALL_PHONE, collect_faults
from tests.browser.conftest import Pull
from tests.browser.stage.world import SESSION, TOTAL, student_id

LIVE = f"/teach/sessions/{SESSION}/live"
FIRST, SECOND, THIRD = "John Doe", "Amira Haddad", "Björn Åkesson"

pytestmark = pytest.mark.browser


async def look(browser: Browser, stage: str, **options: Any) -> Page:
    """The live page with its roll."""
    context = await browser.new_context(**{"viewport": PROJECTED, "reduced_motion": "reduce", **options})
    page = await context.new_page()
    await page.goto(stage + LIVE)
    await expect(page.locator("session-roll [data-student]")).to_have_count(TOTAL)
    return page


def row(page: Page, name: str) -> Locator:
    """A student's row."""
    return page.locator("session-roll [data-student]", has_text=name).first


async def expect_mark(page: Page, name: str, word: str) -> None:
    """What is shown for a student."""
    await expect(row(page, name).locator(".chip")).to_have_text(word)


async def expect_reported(pull: Pull, marks: list[str]) -> None:
    """The page shows a mark before it has told the server of it."""
    async with asyncio.timeout(10):
        while len((await pull("look"))["reported"]) < len(marks):  # noqa: ASYNC110 - the stage tells only who asks
            await asyncio.sleep(0.05)
    assert (await pull("look"))["reported"] == marks


async def test_a_name_enter_and_one_key(browser: Browser, stage: str, pull: Pull) -> None:
    """Found, marked, and on to the next; saved, counted, and said to a screen reader."""
    page = await look(browser, stage)
    faults = collect_faults(page)
    await page.get_by_label("Find").fill("12347")
    await expect(page.locator("[data-part=shown]")).to_have_text(f"1 of {TOTAL} shown")
    await page.keyboard.press("Enter")
    await expect(row(page, THIRD)).to_be_focused()
    await page.keyboard.press("l")
    await expect_mark(page, THIRD, "Late")
    await expect(page.locator("[data-part=told]")).to_have_text(f"{THIRD}: Late")
    await expect(page.locator("[data-count=lateStudents]")).to_have_text("1")
    await expect(row(page, THIRD).get_by_text("Marked by hand")).to_be_attached()
    assert not faults
    await page.context.close()


async def test_a_roll_is_called_name_by_name(browser: Browser, stage: str, pull: Pull) -> None:
    """Each key marks and goes on; arrows skip; the last key pressed on somebody is what stays."""
    page = await look(browser, stage)
    await row(page, FIRST).focus()
    for key in ("p", "a", "ArrowDown", "E", "ArrowUp", "a"):
        await page.keyboard.press(key)
    await expect_mark(page, FIRST, "Present")
    await expect_mark(page, SECOND, "Absent")
    await expect_mark(page, THIRD, "Not marked")
    await expect_mark(page, "Chidinma Okafor", "Absent")
    marks = ["mark 00 PRESENT", "mark 01 ABSENT", "mark 03 EXCUSED", "mark 03 ABSENT"]
    await expect_reported(pull, marks)
    await page.context.close()


async def test_undo_goes_back_step_by_step(browser: Browser, stage: str, pull: Pull) -> None:
    """To the mark before, and from the first to no mark."""
    page = await look(browser, stage)
    await row(page, FIRST).focus()
    for key in ("p", "ArrowUp", "a"):
        await page.keyboard.press(key)
    await page.keyboard.press("u")
    await expect_mark(page, FIRST, "Present")
    await expect(page.locator("[data-part=told]")).to_have_text(f"Undone. {FIRST}: Present")
    await page.get_by_role("button", name="Undo").click()
    await expect_mark(page, FIRST, "Not marked")
    await expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    assert (await pull("look"))["reported"][-1] == "unmark 00"
    await page.context.close()


async def test_a_refused_mark_is_taken_back_visibly(browser: Browser, stage: str, pull: Pull) -> None:
    """It showed at once; then it says that it was not saved, and there is nothing to undo."""
    await pull("set", mark_refusals=1)
    page = await look(browser, stage)
    await row(page, FIRST).get_by_role("button", name="Absent").click()
    await expect(page.get_by_role("alert")).to_have_text(f"Not saved: {FIRST} is as before. Try again.")
    await expect_mark(page, FIRST, "Not marked")
    await expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    await row(page, FIRST).get_by_role("button", name="Absent").click()
    await expect_mark(page, FIRST, "Absent")
    await expect(page.get_by_role("alert")).to_be_hidden()
    await page.context.close()


async def test_without_a_network_nothing_pretends_to_be_saved(browser: Browser, stage: str, pull: Pull) -> None:
    """The mark goes back to what it was, with the reason."""
    page = await look(browser, stage)
    await page.context.set_offline(True)
    await row(page, FIRST).focus()
    await page.keyboard.press("p")
    await expect(page.get_by_role("alert")).to_contain_text("there is no connection")
    await expect_mark(page, FIRST, "Not marked")
    await page.context.set_offline(False)
    await page.context.close()


async def test_what_others_do_comes_in_live(browser: Browser, stage: str, pull: Pull) -> None:
    """Check-ins, a colleague's marks and deletions, with their sources; and after a gap, from a snapshot."""
    page = await look(browser, stage)
    await expect(page.locator("connection-pill")).to_have_text("Live")
    await pull("check_in", count=2)
    await expect_mark(page, SECOND, "Present")
    await pull("mark", students=[str(student_id(1))], status="excused")
    await expect_mark(page, SECOND, "Excused")
    await pull("mark", students=[str(student_id(5))], status="absent")
    await pull("mark", students=[str(student_id(5))], status=None)
    await expect_mark(page, "Eszter Nagy", "Not marked")
    await pull("mark", students=[str(student_id(2))], status="late", skip=1)
    await expect_mark(page, THIRD, "Late")
    await page.context.close()


async def test_the_rest_is_absent_after_a_question(browser: Browser, stage: str, pull: Pull) -> None:
    """Who is not marked becomes absent by default; a check-in afterwards still counts."""
    await pull("check_in", count=1)
    page = await look(browser, stage)
    await page.get_by_label("Only not marked").check()
    await expect(page.locator("[data-part=shown]")).to_have_text(f"{TOTAL - 1} of {TOTAL} shown")
    await page.get_by_role("button", name="Mark the rest absent").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Go back").click()
    await expect(page.locator("[data-count=absentStudents]")).to_have_text("0")
    await page.get_by_role("button", name="Mark the rest absent").click()
    await dialog.get_by_role("button", name="Mark the rest absent").click()
    await expect(page.locator("[data-count=absentStudents]")).to_have_text(str(TOTAL - 1))
    await page.get_by_label("Only not marked").uncheck()
    await expect_mark(page, SECOND, "Absent")
    await expect(row(page, SECOND).get_by_text("By default")).to_be_attached()
    await pull("check_in", count=1)
    await expect_mark(page, SECOND, "Present")
    await page.context.close()


async def test_keys_with_modifiers_and_in_the_search_mark_nobody(browser: Browser, stage: str, pull: Pull) -> None:
    """Ctrl+A selects; a name may begin with P."""
    page = await look(browser, stage)
    await row(page, FIRST).focus()
    await page.keyboard.press("Control+a")
    await page.get_by_label("Find").press_sequentially("pale")
    assert (await pull("look"))["reported"] == []
    await page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_roll_has_no_accessibility_fault(browser: Browser, stage: str, pull: Pull, scheme: Any) -> None:
    """With marks of all kinds, a focused row, and on the smallest phone."""
    await pull("check_in", count=2)
    await pull("mark", students=[str(student_id(4))], status="absent")
    page = await look(browser, stage, viewport=SMALL_PHONE, color_scheme=scheme)
    await row(page, FIRST).focus()
    assert not await violations(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.context.close()


async def test_without_script_the_roll_is_a_page_of_forms(browser: Browser, stage: str, pull: Pull) -> None:
    """A link leads there, search is a form, and each mark a button."""
    context = await browser.new_context(java_script_enabled=False, viewport=SMALL_PHONE)
    page = await context.new_page()
    await page.goto(stage + LIVE)
    await page.get_by_role("link", name="Mark by hand").click()
    async with page.expect_request("**/roll/mark") as sent:
        await page.get_by_role("button", name=f"Late: {SECOND}").click()
    assert (await sent.value).post_data == f"student={student_id(1)}&status=late"
    await context.close()
