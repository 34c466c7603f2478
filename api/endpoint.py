"""Endpoints: each one value that says its path, who may call it, what it takes, answers and refuses.

The same value makes the live route and the OpenAPI description, so the two cannot drift apart. The steps of a
request stand here once, in the order of the contract: who are you (401), size and type (413, 415), form (400, 422);
then the handler: does it exist for you (404), may you (403), state and content.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.auth import authenticate, redeem_ticket, take_request, welcome
from api.body import MAX_BODY, parse, parse_query, read_body, require_json
from api.families import PROBLEMS, Family
from api.headers import header
from api.idempotency import HEADER as IDEMPOTENCY_KEY
from api.idempotency import answer_once
from api.problems import FieldError, Problem, malformed, unauthenticated
from api.services import Services
from shared.domain.refusals import Refused
from shared.tokens import Identity

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Call(msgspec.Struct, frozen=True):
    """A request that has been read: what a handler works with."""

    request: Request
    services: Services
    identity: Identity | None
    body: Any = None
    query: Any = None

    @property
    def who(self) -> Identity:
        """The person; endpoints that are open to anyone ask ``identity`` instead."""
        if self.identity is None:
            raise unauthenticated()
        return self.identity

    def path(self, name: str) -> Any:
        """A path parameter, as the route's convertor read it."""
        return self.request.path_params[name]


Handler = Callable[[Call], Awaitable[Response]]


Answered = type[BaseModel] | str | tuple[type[BaseModel] | str, ...] | None
"""What an answer holds: a model as JSON, files of these media types, or nothing."""


@dataclass(frozen=True)
class Endpoint:
    """One path and method.

    ``answers`` maps each good status to its model (None: no body, strings: its media types), ``refuses`` lists the
    statuses of its problems beside those that follow from its shape. ``open_to_all`` needs no token. With
    ``takes_ticket`` a realtime ticket in ``?ticket=`` may stand for the header; then nothing is read of the body.
    ``family`` words its errors. What has an ``own_limit`` (check-ins, connection events) counts among everything else
    a person asks for only when it is refused.
    """

    method: str
    path: str
    handler: Handler
    tag: str
    answers: Mapping[int, Answered]
    refuses: tuple[int, ...] = ()
    body: type[BaseModel] | None = None
    body_optional: bool = False
    query: type[BaseModel] | None = None
    open_to_all: bool = False
    max_body: int = MAX_BODY
    takes_ticket: bool = False
    own_limit: bool = False
    family: Family = PROBLEMS

    @property
    def name(self) -> str:
        """Operation id and route name: the handler's."""
        return self.handler.__name__

    def route(self) -> Route:
        """The live route."""
        return Route(self.path, self, methods=[self.method], name=self.name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. An ASGI application of its own: errors are answered in one place, around all of them."""
        answer = await self._answer(Request(scope, receive, send))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self.takes_ticket and "ticket" in request.query_params:
            holder = await redeem_ticket(request, request.query_params["ticket"])
            return await self.handler(Call(request, request.app.state.services, holder))
        identity = await self._who(request)
        try:
            return await self._serve(request, identity)
        except (Problem, Refused):
            if self.own_limit and identity is not None:
                take_request(request, identity)
            raise

    async def _serve(self, request: Request, identity: Identity | None) -> Response:
        raw = await self._read(request)
        if self.takes_ticket and request.query_params:
            raise malformed(*(FieldError(name, "is not known here") for name in request.query_params))
        call = Call(request, request.app.state.services, identity, *self._form(request, raw))
        if self.method in UNSAFE and identity is not None and header(request, IDEMPOTENCY_KEY) is not None:
            return await answer_once(call.services, identity, request, raw, lambda: self._handle(call))
        return await self._handle(call)

    def _form(self, request: Request, raw: bytes) -> tuple[Any, Any]:
        """Body and query as their models."""
        family = self.family
        try:
            query = None if self.query is None else parse_query(request.query_params, self.query, family.word)
            if self.body is None or (self.body_optional and not raw):
                return None, query
            return parse(raw, self.body, family.word), query
        except Problem as problem:
            raise family.say(problem) from None

    async def _handle(self, call: Call) -> Response:
        """The handler's answer, or its refusal as the family says it."""
        try:
            return await self.handler(call)
        except (Problem, Refused) as error:
            raise self.family.say(error) from None

    async def _who(self, request: Request) -> Identity | None:
        """Who asks, within what they may ask for; who is refused counts as well."""
        identity = None
        try:
            identity = await (welcome(request) if self.open_to_all else authenticate(request))
        finally:
            if identity is None or not self.own_limit:
                take_request(request, identity)
        return identity

    async def _read(self, request: Request) -> bytes:
        """The raw body of a request that may have one."""
        if self.method not in UNSAFE:
            return b""
        raw = await read_body(request, self.max_body)
        if self.body is not None and (raw or not self.body_optional):
            require_json(request)
        return raw


def view(model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A model as a JSON answer."""
    return Response(to_json(model, by_alias=True), status, headers, media_type="application/json")


def page_of(items: list[Any], following: str | None) -> Response:
    """One page of a list: items are models, ``following`` is the next cursor."""
    body = {"items": [item.model_dump(by_alias=True, mode="json") for item in items], "next": following}
    return Response(msgspec.json.encode(body), media_type="application/json")
