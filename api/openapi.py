"""The OpenAPI 3.1 description, made from the same endpoints that serve, and its offline page.

spectree makes the document; what it cannot say (problem+json, pictures, UUIDs in paths) is put right here.
"""

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from spectree import Response as Answers
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData
from spectree.page import PAGE_TEMPLATES
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from api.endpoint import UNSAFE, Answered, Endpoint

DOCS_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The documentation page carries its own script and style, so it has a policy of its own; no outside host either."""


TICKET = {
    "name": "ticket",
    "in": "query",
    "required": False,
    "description": "A realtime ticket instead of the header; the body is not read then.",
    "schema": {"type": "string"},
}


FILE = {"schema": {"type": "string", "format": "binary"}}


class FieldErrorModel(BaseModel):
    """One wrong field."""

    field: str
    message: str


class ProblemModel(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldErrorModel] | None = None


def describe(endpoints: list[Endpoint], version: str) -> dict[str, Any]:
    """The document of these endpoints."""
    spec = SpecTree(
        "starlette",
        title="Muster",
        version=version,
        description="Live attendance for high-volume campuses: presence is evidence.",
        annotations=False,
        mode="strict",
        naming_strategy=lambda model: model.__name__,
        nested_naming_strategy=lambda _parent, child: child,
        security_schemes=[
            SecurityScheme(name="bearer", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))
        ],
        validation_error_status=422,
        validation_error_model=ProblemModel,
    )
    app = Starlette(routes=[Route(e.path, _documented(spec, e), methods=[e.method]) for e in endpoints])
    spec.register(app)
    document: dict[str, Any] = spec.spec
    for endpoint in endpoints:
        _put_right(document["paths"][_plain(endpoint.path)][endpoint.method.lower()], endpoint)
    return document


def routes(document: dict[str, Any]) -> list[Route]:
    """``/openapi.json`` and ``/docs``."""

    async def openapi(_request: Request) -> Response:
        return JSONResponse(document)

    async def docs(_request: Request) -> Response:
        page = PAGE_TEMPLATES["swagger"].format(spec_url="/openapi.json", spec_path="docs", **_NO_OAUTH)
        return HTMLResponse(page, headers={"Content-Security-Policy": DOCS_POLICY})

    return [Route("/openapi.json", openapi), Route("/docs", docs)]


def problem_statuses(endpoint: Endpoint) -> set[int]:
    """Every error an endpoint answers: its own refusals and those that follow from its shape."""
    statuses = {401, 429, *endpoint.refuses}
    if endpoint.method in UNSAFE:
        statuses |= {403, 413} | (set() if endpoint.open_to_all else {409, 422, 503})
    if endpoint.body is not None:
        statuses |= {400, 415, endpoint.family.form_status}
    if endpoint.query is not None:
        statuses.add(endpoint.family.form_status)
    if "{" in endpoint.path:
        statuses.add(404)
    return statuses


def forms_of(answer: Answered) -> tuple[type[BaseModel] | str, ...]:
    """Every form an answer may have: one model, and media types of files."""
    if answer is None:
        return ()
    return answer if isinstance(answer, tuple) else (answer,)


def _documented(spec: SpecTree, endpoint: Endpoint) -> Any:
    models: dict[str, Any] = {
        f"HTTP_{status}": next((form for form in forms_of(answer) if isinstance(form, type)), None)
        for status, answer in endpoint.answers.items()
    }
    other = endpoint.family.models
    models |= {f"HTTP_{status}": other.get(status, ProblemModel) for status in problem_statuses(endpoint)}

    async def documented(_request: Request) -> Response:
        raise AssertionError("only described, never served")

    documented.__name__ = endpoint.name
    documented.__doc__ = endpoint.handler.__doc__
    decorate = spec.validate(
        json=endpoint.body,
        query=endpoint.query,
        resp=Answers(**models),
        tags=[endpoint.tag],
        security=[] if endpoint.open_to_all else {"bearer": []},
        skip_validation=True,
        operation_id=endpoint.name,
    )
    return decorate(documented)


def _put_right(operation: dict[str, Any], endpoint: Endpoint) -> None:
    """What spectree leaves open: media types of answers, types of path parameters, whether a body is needed."""
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            of_uuids = f"{{{parameter['name']}:uuid}}" in endpoint.path
            parameter["schema"] = {"type": "string", "format": "uuid"} if of_uuids else {"type": "string"}
    for status in problem_statuses(endpoint):
        answer = operation["responses"][str(status)]
        answer["content"] = _error_content(answer["content"]["application/json"], status in endpoint.family.models)
    if 422 not in problem_statuses(endpoint):
        operation["responses"].pop("422", None)
    for status, forms in endpoint.answers.items():
        answer = operation["responses"][str(status)]
        answer["description"] = HTTPStatus(status).phrase
        files = {form: FILE for form in forms_of(forms) if isinstance(form, str)}
        if files:
            answer["content"] = {**answer.get("content", {}), **files}
    if endpoint.takes_ticket:
        operation["parameters"].append(TICKET)
    if "requestBody" in operation:
        operation["requestBody"]["required"] = not endpoint.body_optional


def _error_content(described: dict[str, Any], plain: bool) -> dict[str, Any]:
    """The media types of an error; in a family of plain bodies it may still be the transport's problem."""
    if not plain:
        return {"application/problem+json": described}
    problem = {"schema": {"$ref": f"#/components/schemas/{ProblemModel.__name__}"}}
    return {"application/json": described, "application/problem+json": problem}


def _plain(path: str) -> str:
    return path.replace(":uuid}", "}")


_NO_OAUTH: dict[str, Any] = {
    "client_id": "",
    "client_secret": "",
    "realm": "",
    "app_name": "muster",
    "scope_separator": " ",
    "scopes": [],
    "additional_query_string_params": {},
    "use_basic_authentication_with_access_code_grant": "false",
    "use_pkce_with_authorization_code_grant": "false",
}
