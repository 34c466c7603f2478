"""Fixtures of the admin interface's tests: a desk at which an admin reads pages and sends forms."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.auth import TOKEN_COOKIE
from shared.models import AdminChange
from shared.tokens import Tokens
from tests.campus import Person, Visitor

CSRF = "starlette_admin_csrftoken"


class BrowserOf:
    """Browsers with the cookie that logging in gives them."""

    def __init__(self, visitor: Visitor, tokens: Tokens) -> None:
        self._visitor = visitor
        self._tokens = tokens

    def __call__(self, person: Person) -> httpx.AsyncClient:
        """This person's."""
        token, _ = self._tokens.issue(person.id, person.role, datetime.now(UTC), timedelta(hours=1))
        browser = self._visitor.anonymous()
        browser.cookies.set(TOKEN_COOKIE, token)
        return browser


class Desk:
    """The admin interface as one person's browser uses it."""

    def __init__(self, browser: httpx.AsyncClient, owner: Engine) -> None:
        self.browser = browser
        self._owner = owner

    async def read(self, path: str) -> httpx.Response:
        """A page."""
        return await self.browser.get(f"/admin{path}")

    async def send(self, path: str, form: Mapping[str, str]) -> httpx.Response:
        """A form, with the token that a page of ours carries."""
        if CSRF not in self.browser.cookies:
            await self.read("/")
        return await self.browser.post(f"/admin{path}", data={**form, "csrftoken": self.browser.cookies[CSRF]})

    async def change(self, table: str, row: object, **form: str) -> httpx.Response:
        """The form of one row."""
        return await self.send(f"/{table}/edit?pk={row}", form)

    async def act(self, table: str, name: str, row: object, reason: str = "because") -> httpx.Response:
        """An action on one row."""
        return await self.send(f"/_api/{table}/row-action?pk={row}&name={name}", {"reason": reason})

    def trace(self, table: str, row: object) -> list[AdminChange]:
        """What was recorded of a row, oldest first."""
        wanted = select(AdminChange).where(AdminChange.table_name == table, AdminChange.row_id == str(row))
        with Session(self._owner) as session:
            return list(session.scalars(wanted.order_by(AdminChange.id)))


@pytest.fixture
def browser_of(visitor: Visitor, tokens: Tokens) -> BrowserOf:
    """Makes browsers that are logged in as somebody."""
    return BrowserOf(visitor, tokens)


@pytest.fixture
def desk(browser_of: BrowserOf, administrator: Person, owner: Engine) -> Desk:
    """An admin's."""
    return Desk(browser_of(administrator), owner)
