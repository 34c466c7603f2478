"""The door: who may come in, with whose rights, and what becomes of what they did.

Around the whole admin interface: admins only, by the cookie that all pages use; one transaction per request in which
row-level security sees the admin; committed before anybody hears of success, undone after any error; a content
security policy of its own, because starlette-admin's pages carry inline scripts: each request names a fresh nonce.
"""

import base64
import hashlib
import secrets

import structlog
from sqlalchemy.exc import DataError, DBAPIError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import Message, Receive, Scope, Send

from api import accounts
from api.admin.visit import Visit
from api.auth import cookie_identity
from api.body import read_body
from api.ownership import as_person
from api.pages.people import to_login
from api.problems import Problem
from api.services import Services
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.tokens import Identity

HANDLERS = ("applyColumnVisibility()", "window.location = this.value")
"""The inline handlers of starlette-admin's templates: these texts may run, no others."""

log = structlog.get_logger()


_HASHES = " ".join(
    f"'sha256-{base64.b64encode(hashlib.sha256(handler.encode()).digest()).decode()}'" for handler in HANDLERS
)


def policy(nonce: str) -> str:
    """The content security policy of one page. Style attributes cannot carry a nonce; they can draw, and no more."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-hashes' {_HASHES}; "
        f"style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class _Undone(Exception):
    """Ends a transaction without keeping anything; the answer is ready."""


class Door:
    """An ASGI application around the admin interface's own. What it raises is told by what stands around it."""

    def __init__(self, inside: Starlette) -> None:
        self._inside = inside

    @property
    def routes(self) -> list[BaseRoute]:
        """Those inside, so that addresses can be made from their names."""
        return self._inside.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"].startswith(scope["root_path"] + "/static/"):
            await self._inside(scope, receive, send)  # the library's own files; it knows no sockets
            return
        request = Request(scope, receive)
        who = await cookie_identity(request)
        if who is None:
            await to_login(request)(scope, receive, send)
            return
        if who.role is not Role.ADMIN:
            raise Refused(Code.FORBIDDEN)
        body = await read_body(request)  # before the transaction, which waits for nobody's network
        for message in await self._within_transaction(request.app.state.services, who, scope, body):
            await send(message)

    async def _within_transaction(self, services: Services, who: Identity, scope: Scope, body: bytes) -> list[Message]:
        """The answer, which may go out now: what it tells is committed."""
        name = (await accounts.me(services, who)).name
        answer: list[Message] = []
        try:
            async with as_person(services, who) as connection:
                visit = Visit(services, who, name, connection)
                answer = await self._serve(visit, scope, body)
                if answer[0]["status"] >= 400:
                    raise _Undone
        except _Undone:
            return answer
        except (StatementError, UnicodeError) as error:
            if isinstance(error, DBAPIError) and not isinstance(error, DataError):
                raise
            log.info("admin request refused", reason=type(error).__name__)
            raise Problem(422, "validation_failed", "A value in this address is not one.") from None
        for spread in visit.after_commit:
            await spread()
        return answer

    async def _serve(self, visit: Visit, scope: Scope, body: bytes) -> list[Message]:
        nonce, answer = secrets.token_urlsafe(16), list[Message]()
        headers = [(b"content-security-policy", policy(nonce).encode()), (b"cache-control", b"no-store")]

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            answer.append(message)

        async with AsyncSession(visit.connection, expire_on_commit=False) as session:
            state = {**scope.get("state", {}), "visit": visit, "session": session, "nonce": nonce}
            await self._inside({**scope, "state": state}, _again(body), keep)
            await session.flush()
        return answer


def _again(body: bytes) -> Receive:
    """The request as it came in, for whoever reads it next."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    return receive
