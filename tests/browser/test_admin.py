"""The admin interface in a real browser: in by Muster's own login, a mark overridden, a person locked out."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.chromium import DESKTOP, PHONE, collect_faults, keep
from tests.browser.walks import arrive, log_in

pytestmark = pytest.mark.browser


async def test_an_admin_finds_a_mark_overrides_it_and_sees_the_trace(browser: Browser, base: str) -> None:
    """Everything on the way runs under the pages' own policy and comes from this server."""
    admin = await arrive(browser, base)
    page, faults = admin.page, collect_faults(admin.page)
    page.on("request", lambda request: faults.append(request.url) if not _ours(request.url, base) else None)
    await page.set_viewport_size(DESKTOP)
    await admin.go("/admin")
    await log_in(admin, "admin@campus.test")
    await expect(page.get_by_role("heading", name="Admin", exact=True)).to_be_visible()
    await keep(page, "admin-start")

    await admin.go("/admin/attendance_records/list")
    await page.get_by_role("searchbox").fill("S12350")
    await page.keyboard.press("Enter")
    await expect(page.locator("tbody tr").first).to_contain_text("S12350")
    await keep(page, "admin-marks")
    await page.locator("tbody tr").first.get_by_label("Edit").click()
    await page.get_by_label("Status").select_option("EXCUSED")
    await page.get_by_label("Reason of the change").fill("A doctor's note")
    await keep(page, "admin-mark")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator("tbody tr").first.locator(".word-excused")).to_have_text("Excused")
    await expect(page.locator("tbody tr").first.locator(".word-admin_override")).to_be_visible()

    await admin.go("/admin/admin_changes/list")
    await expect(page.locator("tbody tr").first).to_contain_text("A doctor's note")
    assert faults == []


async def test_an_admin_locks_a_person_out_on_a_phone(browser: Browser, base: str) -> None:
    """The reason is asked for, and the row says it afterwards."""
    admin = await arrive(browser, base)
    page, faults = admin.page, collect_faults(admin.page)
    await page.set_viewport_size(PHONE)
    await admin.go("/admin/users/list?q=S99999")
    await log_in(admin, "admin@campus.test")
    await admin.go("/admin/users/list?q=S99999")
    await keep(page, "admin-phone")
    await page.get_by_label("Lock out").click()
    await page.get_by_label("Reason").fill("Left the campus")
    await keep(page, "admin-lock-out")
    await page.get_by_role("button", name="Lock out").click()
    await page.get_by_label("Let in again").click()
    await page.get_by_label("Reason").fill("Came back")
    await page.get_by_role("button", name="Let in", exact=True).click()
    await expect(page.get_by_label("Lock out")).to_be_visible()
    assert faults == []


def _ours(url: str, base: str) -> bool:
    return url.startswith((base, "data:"))
