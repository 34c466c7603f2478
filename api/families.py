"""Families of endpoints word their errors differently (2-http-api, head and 2.4); handlers need not know.

A handler raises the same refusals and problems everywhere. The endpoint's family says them in the shape that the
family's clients speak, and the OpenAPI description is made from the same value.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError

from api.body import field_errors
from api.problems import FieldError, Problem
from shared.domain.refusals import Refused

Error = Problem | Refused


def _as_raised(error: Error) -> Error:
    return error


@dataclass(frozen=True, slots=True)
class Family:
    """How errors are said.

    ``say`` rewords what a form or a handler refused, ``word`` names the wrong fields of a form, ``form_status`` is the
    status of a wrong form. ``models`` describes statuses whose body may be something else than a problem.
    """

    say: Callable[[Error], Error] = _as_raised
    word: Callable[[ValidationError], list[FieldError]] = field_errors
    form_status: int = 422
    models: Mapping[int, type[BaseModel]] = field(default_factory=dict)


PROBLEMS = Family()
"""RFC 9457 problems, as everywhere but in the marking family."""
