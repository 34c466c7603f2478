"""Errors of the marking family: ``{"field": ["message"]}`` about values, ``{"detail": "…"}`` for 403 and 404 (2.4).

Its clients come from another framework, so the sentences are the ones they know. What is wrong with the transport
(401, 413, 415, JSON that is none, 429, a key used twice) stays a problem.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.responses import Response

from api.families import Error, Family
from api.problems import FieldError, Problem, of_refusal
from shared.domain.refusals import Refused

WHOLE_BODY = "non_field_errors"
MOST_MESSAGES = 20
"""About one field; a bulk of thousands may be wrong in thousands of ways."""
MOST_ECHOED = 100

_SENTENCES = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is not known here.",
    "uuid_parsing": "Must be a valid UUID.",
    "uuid_type": "Must be a valid UUID.",
    "string_type": "Not a valid string.",
    "string_too_short": "This field may not be blank.",
    "string_too_long": "Ensure this field has no more than {max_length} characters.",
    "too_long": "Ensure this field has no more than {max_length} elements.",
    "tuple_type": "Expected a list of items.",
    "model_type": "Invalid data. Expected an object.",
    "enum": '"{value}" is not a valid choice.',
    "bool_parsing": "Must be a valid boolean.",
    "int_parsing": "A valid integer is required.",
}


class FieldMessages(RootModel[dict[str, list[str]]]):
    """What is wrong, by field; ``non_field_errors`` for the request as a whole."""


class Detail(BaseModel):
    """Why not, in one sentence."""

    detail: str


class PlainProblem(Problem):
    """A problem whose answer is the family's plain body; its code and detail are for whoever calls without HTTP."""

    def __init__(self, problem: Problem, status: int, body: dict[str, Any]) -> None:
        super().__init__(status, problem.code, problem.detail, headers=problem.headers, **problem.extra)
        self.body = body

    def response(self) -> Response:
        """The answer."""
        return Response(msgspec.json.encode(self.body), self.status, self.headers, media_type="application/json")


def say(error: Error) -> Problem:
    """The error in the family's shape. Wrong fields are 400 here, whatever they are elsewhere."""
    problem = of_refusal(error) if isinstance(error, Refused) else error
    errors: list[FieldError] = problem.extra.get("errors", [])
    if errors:
        return PlainProblem(problem, 400 if problem.status == 422 else problem.status, _by_field(errors))
    if problem.status in (403, 404):
        return PlainProblem(problem, problem.status, {"detail": problem.detail})
    return problem


def word(error: ValidationError) -> list[FieldError]:
    """Every wrong field in the family's sentences.

    A field inside a list is named by itself, as it is where a request says one thing, and the list says which entry.
    """
    return [each for problem in error.errors(include_url=False) for each in _worded(problem)]


def _worded(problem: ErrorDetails) -> Iterator[FieldError]:
    place, sentence = problem["loc"], _sentence(problem)
    if not place:
        field, _, rule = sentence.partition(": ")
        yield FieldError(field, rule) if rule else FieldError(WHOLE_BODY, sentence)
    elif len(place) == 1:
        yield FieldError(str(place[0]), sentence)
    else:
        entry = f"{_title(str(place[0]))} {int(place[1]) + 1}"
        leaf = [str(part) for part in place[2:]]
        yield from (FieldError(name, sentence) for name in leaf)
        yield FieldError(str(place[0]), ", ".join([entry, *leaf]) + f": {sentence}")


def _title(name: str) -> str:
    return name.removesuffix("s").capitalize()


def _sentence(problem: ErrorDetails) -> str:
    value, kind = problem["input"], problem["type"]
    if value is None and problem["loc"] and kind not in ("missing", "extra_forbidden"):
        return "This field may not be null."
    known = _SENTENCES.get(kind)
    if known is None:
        return problem["msg"].removeprefix("Value error, ")
    return known.format(value=str(value)[:MOST_ECHOED], **{**problem.get("ctx", {}), "input": None})


def _by_field(errors: Iterable[FieldError]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for error in errors:
        messages = found.setdefault(error.field, [])
        if error.message not in messages and len(messages) < MOST_MESSAGES:
            messages.append(error.message)
    return found


PLAIN = Family(say, word, 400, {400: FieldMessages, 409: FieldMessages, 403: Detail, 404: Detail})
