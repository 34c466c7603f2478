"""A visit: one request of an admin, with the transaction that speaks for them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from api.services import Services
from shared.tokens import Identity

AfterCommit = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Visit:
    """What a page of the admin interface may use."""

    services: Services
    who: Identity
    name: str
    connection: AsyncConnection
    """In a transaction in which row-level security sees the admin; it ends with the request."""
    after_commit: list[AfterCommit] = field(default_factory=list)
    """What others must hear, once it is true."""


def visit_of(request: Request) -> Visit:
    """The visit this request belongs to."""
    visit: Visit = request.state.visit
    return visit
