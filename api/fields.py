"""Field types of requests and answers that more than one model uses."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel


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


def _sensible(value: datetime) -> datetime:
    if not 2000 <= value.year < 2100:
        raise ValueError("is not a year between 2000 and 2099")
    return value.astimezone(UTC)


ShortText = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_no_controls)
]
"""A line a person typed."""

Moment = Annotated[AwareDatetime, AfterValidator(_sensible)]
"""A time with its zone, kept in UTC."""
