"""Field types of requests and answers that more than one model uses."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


class CamelBody(BaseModel):
    """A request body of the live family: camelCase, unknown fields refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, allow_inf_nan=False)


class CamelView(BaseModel):
    """An answer of the live family: camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class SnakeBody(BaseModel):
    """A request body of a snake_case family: unknown fields refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SnakeView(BaseModel):
    """An answer of a snake_case family."""

    model_config = ConfigDict(frozen=True)


def _no_controls(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise ValueError("holds control characters")
    return value


def no_null_characters(value: str) -> str:
    """PostgreSQL keeps any text but U+0000; a person types none."""
    if "\0" in value:
        raise ValueError("holds control characters")
    return value


def _written_out(value: object) -> datetime:
    """Refuses 1700000000, also as text, which pydantic would read as seconds since 1970; RFC 3339 has no such form."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DATE.match(value):
        raise ValueError("is not a time like 2026-03-02T09:00:00Z")
    return datetime.fromisoformat(value.upper())


def _sensible(value: datetime) -> datetime:
    if not 2000 <= value.year < 2100:
        raise ValueError("is not a year between 2000 and 2099")
    return value.astimezone(UTC)


ShortText = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_no_controls)
]
"""A line a person typed."""

Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_sensible)]
"""A time with its zone, kept in UTC."""
