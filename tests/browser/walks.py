"""Walks through the running product, as functions of its address: what the end-to-end tests are made of."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.chromium import DESKTOP, PHONE

PASSWORD = "muster-demo"  # of every account of the demo campus


@dataclass(frozen=True)
class Walk:
    """A person with a browser of their own, at the product's address."""

    page: Page
    base: str

    async def go(self, path: str) -> None:
        """Open a page by path."""
        await self.page.goto(self.base + path)

    async def leave(self) -> None:
        """Close this person's browser."""
        await self.page.context.close()


async def arrive(browser: Browser, base: str, *, phone: bool = False, script: bool = True) -> Walk:
    """A fresh person: no cookies, on a phone or at a desk."""
    context: BrowserContext = await browser.new_context(
        viewport=PHONE if phone else DESKTOP, java_script_enabled=script, reduced_motion="reduce"
    )
    return Walk(await context.new_page(), base)


async def log_in(walk: Walk, email: str, password: str = PASSWORD) -> None:
    """Fill the login form that is shown, and send it."""
    await walk.page.get_by_label("Email").fill(email)
    await walk.page.get_by_label("Password").fill(password)
    await walk.page.get_by_role("button", name="Sign in").click()


async def start_class(walk: Walk, class_name: str, room: str = "R 12") -> str:
    """From the teacher's day to the live page of a class; the session's id. A running one is gone on with."""
    row = walk.page.locator(".row").filter(has=walk.page.get_by_role("heading", name=class_name, exact=True))
    if await row.get_by_role("link").count():
        await row.get_by_role("link").click()
    else:
        await row.get_by_label("Room").fill(room)
        await row.get_by_role("button").click()
    await walk.page.wait_for_url("**/teach/sessions/*/live")
    return walk.page.url.split("/")[-2]


async def code_of(walk: Walk, session_id: str) -> dict[str, Any]:
    """What the screen shows now, as the teacher's browser is told."""
    answer = await walk.page.request.get(f"{walk.base}/api/v1/sessions/{session_id}/qr")
    code: dict[str, Any] = await answer.json()
    return code


async def scan(walk: Walk, code: dict[str, Any]) -> None:
    """Open the link in the picture, as a phone's camera does."""
    await walk.go(urlsplit(code["checkInUrl"]).path)


async def type_code(walk: Walk, code: dict[str, Any]) -> None:
    """Type the short code, in small letters and with a space, as people do."""
    short = code["shortCode"].lower()
    await walk.go("/checkin")
    await walk.page.get_by_label("Type the eight characters").fill(f"{short[:4]} {short[4:]}")
    await walk.page.get_by_role("button", name="Continue").click()


async def tap(walk: Walk, word: str = "Present") -> None:
    """The one tap, up to the result."""
    await walk.page.get_by_role("button", name="Check me in").click()
    await expect(walk.page.get_by_role("heading", name=word)).to_be_visible()


async def expect_present(walk: Walk, count: int) -> None:
    """The teacher's page counts this many."""
    await expect(walk.page.locator("[data-count=presentStudents]")).to_have_text(str(count), timeout=10_000)


async def end_class(walk: Walk, *, rest_absent: bool) -> None:
    """End the session from the live page's dialog."""
    await walk.page.get_by_role("link", name="End session").click()
    name = "End and mark the rest absent" if rest_absent else "End session"
    await walk.page.get_by_role("button", name=name, exact=True).click()
    await expect(walk.page.locator(".live__head .chip")).to_have_text("Ended")
