"""A browser in which somebody has logged in."""

from collections.abc import Callable

import httpx
import pytest

from api.auth import TOKEN_COOKIE
from tests.campus import Person, Visitor

Open = Callable[[Person], httpx.AsyncClient]


@pytest.fixture
def open_as(visitor: Visitor) -> Open:
    """A browser in which somebody has logged in: the token is in its cookie."""

    def opened(person: Person) -> httpx.AsyncClient:
        client = visitor.anonymous()
        bearer = visitor.speaking_as(person).headers["authorization"]
        client.cookies.set(TOKEN_COOKIE, bearer.removeprefix("Bearer "))
        return client

    return opened
