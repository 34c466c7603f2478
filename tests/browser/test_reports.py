"""The reports in a real browser, over the demo campus: clear on every size, and of use without script."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import Engine

from api.pages.reports import TABS
from tests.api.reports.semester import MONDAY, enrolled_since, online
from tests.browser.accessibility import violations
from tests.browser.chromium import DESKTOP, SMALL_PHONE, collect_faults, keep
from tests.browser.walks import arrive, log_in
from tests.campus import Classroom

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "scheme"), [(SMALL_PHONE, "dark"), (DESKTOP, "light")], ids=["phone", "desktop"])
async def test_every_report_is_clear(
    browser: Browser, base: str, owner: Engine, classroom: Classroom, size: Any, scheme: Any
) -> None:
    """Nothing for axe to find, nothing wider than the screen, and the console is silent."""
    tutor, one, two, _ = classroom.teacher, *classroom.students
    seen = {tutor: ("PRESENT", "high", 60.0), one: ("PRESENT", "high", 60.0), two: ("LATE", "low", 40.0)}
    enrolled_since(owner, classroom)
    online(owner, classroom, MONDAY, seen, {one: "ABSENT", two: "LATE"})
    admin = await arrive(browser, base)
    page, faults = admin.page, collect_faults(admin.page)
    await page.set_viewport_size(size)
    await page.emulate_media(color_scheme=scheme)
    await admin.go("/reports")
    await log_in(admin, "admin@campus.test")
    for path in (*(tab.path for tab in TABS), "/reports?to=2000-01-01", "/reports?from=x"):
        await admin.go(path)
        await expect(page.get_by_role("heading", name="Reports")).to_be_visible()
        assert not await violations(page), path
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        await keep(page, f"{re.sub('[^a-z]+', '-', path).strip('-')}-{size['width']}")
    assert faults == []
    await admin.leave()


async def test_a_teacher_chooses_a_course_and_takes_a_file_without_script(browser: Browser, base: str) -> None:
    teacher = await arrive(browser, base, phone=True, script=False)
    page = teacher.page
    await teacher.go("/teach")
    await log_in(teacher, "teacher@campus.test")
    await page.get_by_role("link", name="Reports").click()
    await page.get_by_label("Course").select_option(label="TEST101 · Introduction to Testing")
    await page.get_by_role("button", name="Show", exact=True).click()
    await page.get_by_role("link", name="Courses").click()
    await expect(page.locator("tbody th")).to_have_text(["TEST101", "TEST101 Section A"])
    async with page.expect_download() as taken:
        await page.get_by_role("link", name="As XLSX").click()
    assert (await taken.value).suggested_filename == "courses.xlsx"
    await teacher.leave()
