"""Fixtures of the admin interface's tests: a desk at which an admin reads pages and sends forms."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine, select

from api.auth import TOKEN_COOKIE
from shared.models import AdminChange
from shared.tokens import Tokens
from tests.campus import Person, Visitor

CSRF = "starlette_admin_csrftoken"


class Desk:
    """The admin interface as one person's browser uses it."""

    def __init__(self, browser: httpx.AsyncClient, owner: Engine) -> None:
        self._browser = browser
        self._owner = owner

    async def read(self, path: str) -> httpx.Response:
        """A page."""
        return await self._browser.get(f"/admin{path}")

    async def send(self, path: str, form: Mapping[str, str] | None = None, *, token: bool = True) -> httpx.Response:
        """A form, with the token that a page of ours carries unless told otherwise."""
        if CSRF not in self._browser.cookies:
            await self.read("/")
        fields = {**(form or {}), **({"csrftoken": self._browser.cookies[CSRF]} if token else {})}
        return await self._browser.post(f"/admin{path}", data=fields)

    async def act(self, table: str, name: str, row: object, reason: str = "because") -> httpx.Response:
        """An action on one row."""
        return await self.send(f"/_api/{table}/row-action?pk={row}&name={name}", {"reason": reason})

    def trace(self, table: str, row: object) -> list[AdminChange]:
        """What was recorded of a row, oldest first."""
        from sqlalchemy.orm import Session

        wanted = select(AdminChange).where(AdminChange.table_name == table, AdminChange.row_id == str(row))
        with Session(self._owner) as session:
            return list(session.scalars(wanted.order_by(AdminChange.id)))


@pytest.fixture
def browser_of(visitor: Visitor, tokens: Tokens) -> "BrowserOf":
    """Makes browsers that are logged in as somebody."""
    return BrowserOf(visitor, tokens)


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


@pytest.fixture
def desk(browser_of: BrowserOf, administrator: Person, owner: Engine) -> Desk:
    """An admin's."""
    return Desk(browser_of(administrator), owner)


def uuid_of(text: object) -> UUID:
    """An id out of a page."""
    return UUID(str(text))
