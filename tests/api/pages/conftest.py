"""Browsers in which somebody has logged in."""

from collections.abc import Callable

import httpx
import pytest

from api.auth import TOKEN_COOKIE
from tests.campus import Person, Visitor

Open = Callable[[Person], httpx.AsyncClient]


def browser_of(visitor: Visitor, person: Person) -> httpx.AsyncClient:
    """A browser in which this person has logged in: the token is in its cookie."""
    client = visitor.anonymous()
    bearer = visitor.speaking_as(person).headers["authorization"]
    client.cookies.set(TOKEN_COOKIE, bearer.removeprefix("Bearer "))
    return client


@pytest.fixture
def open_as(visitor: Visitor) -> Open:
    """Opens browsers."""
    return lambda person: browser_of(visitor, person)
