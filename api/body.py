"""Request bodies: bounded, strict JSON, then a model; every way to be wrong has its own clear 4xx.

The standard parser accepts what RFC 8259 does not (NaN) or what two readers would read differently (a key
twice); both are refused before any model sees them (5-security, "odd JSON").
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.headers import header, media_type
from api.problems import FieldError, Problem, malformed

MAX_BODY = 64 * 1024

Model = TypeVar("Model", bound=BaseModel)


class _Refuse(ValueError):
    """Says why a body is not JSON as we read it."""


async def read_body(request: Request, most: int = MAX_BODY) -> bytes:
    """The body, counted while it streams in; 413 as soon as it is too long."""
    if int_or_zero(header(request, b"content-length")) > most:
        raise _too_large(most)
    body, is_whole = bytearray(), False
    while not is_whole:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "incomplete_body", "The request ended before its body did.")
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        is_whole = not message.get("more_body", False)
    return bytes(body)


def int_or_zero(text: str | None) -> int:
    """A header's number; 0 for anything else."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 12 else 0


def _too_large(most: int) -> Problem:
    return Problem(413, "body_too_large", f"The body may have at most {most // 1024} KiB.")


def require_json(request: Request) -> None:
    """415 unless the body says it is JSON."""
    if media_type(request) != "application/json":
        raise Problem(415, "not_json", "Send the body as application/json.")


def field_errors(error: ValidationError) -> list[FieldError]:
    """Every wrong field, in the request's own names. A rule of the whole body says ``field: message``."""
    return [
        _field_error(".".join(str(part) for part in problem["loc"]), problem["msg"].removeprefix("Value error, "))
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _field_error(field: str, message: str) -> FieldError:
    if not field and ": " in message:
        field, _, message = message.partition(": ")
    return FieldError(field or "body", message)


Word = Callable[[ValidationError], list[FieldError]]
"""Names the wrong fields of a form, in the words of a family of endpoints."""


def parse(body: bytes, model: type[Model], word: Word = field_errors) -> Model:
    """The model behind the body; 400 when it is not JSON, 422 naming every wrong field."""
    _check_json(body)
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":  # half a surrogate pair: no text at all (RFC 8259, 8.2)
            raise Problem(400, "malformed_json", "The body is not valid JSON.") from None
        raise malformed(*word(error)) from None


def parse_query(values: Mapping[str, str], model: type[Model], word: Word = field_errors) -> Model:
    """The model behind a query string; 422 naming every wrong field."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise malformed(*word(error)) from None


def _check_json(body: bytes) -> None:
    try:
        _STRICT.decode(body.decode("utf-8"))
    except _Refuse as error:
        raise Problem(400, "malformed_json", str(error)) from None
    except (ValueError, RecursionError):
        raise Problem(400, "malformed_json", "The body is not valid JSON.") from None


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refuse("A name stands twice in the same object.")
    return found


def _no_constant(name: str) -> Any:
    raise _Refuse(f"{name} is not a JSON number.")


_STRICT = json.JSONDecoder(object_pairs_hook=_no_key_twice, parse_constant=_no_constant)
