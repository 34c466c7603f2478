"""Classes and people of one's own on the running product, for walks that must not meet each other."""

from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, Page, ViewportSize

from api.auth import TOKEN_COOKIE
from tests.api.lecture import Lecture
from tests.browser.chromium import PHONE
from tests.campus import Person, make_classroom, start_session
from tests.stack import Stack


class Room:
    """Classes of one's own on the running product, and phones to come with."""

    def __init__(self, stack: Stack, browser: Browser) -> None:
        self.stack, self.browser = stack, browser
        self._clients: list[httpx.AsyncClient] = []

    async def lecture(self, **more: Any) -> Lecture:
        """A session of a new class."""
        with self.stack.owner() as owner:
            classroom = make_classroom(owner)
        teacher = self.stack.client(classroom.teacher)
        self._clients.append(teacher)
        return Lecture(classroom, await start_session(teacher, classroom, **more), teacher, [])

    async def phone(self, person: Person | None = None, *, script: bool = True, size: ViewportSize = PHONE) -> Page:
        """A phone, or another screen, on which this person is signed in."""
        context = await self.browser.new_context(viewport=size, java_script_enabled=script, reduced_motion="reduce")
        if person is not None:
            await self.sign_in(context, person)
        return await context.new_page()

    async def sign_in(self, context: Any, person: Person) -> None:
        """As the login would."""
        cookie = {"name": TOKEN_COOKIE, "value": self.stack.token(person), "url": self.stack.api}
        await context.add_cookies([cookie])

    async def scan(self, page: Page, link: str) -> None:
        """Open the link in the picture."""
        await page.goto(self.stack.api + urlsplit(link).path)

    async def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            await client.aclose()
