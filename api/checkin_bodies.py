"""What is sent to check in: a code to exchange for a ticket, or the check-in itself (2-http-api 2.1)."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from api.fields import CamelBody, Moment
from shared.domain.fence import Position

Typed = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class TicketRequest(CamelBody):
    """A scanned token or a typed short code."""

    token: Typed | None = None
    short_code: Typed | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.token is None) == (self.short_code is None):
            raise ValueError("token: give this or shortCode")
        return self


class Location(CamelBody):
    """Where the phone says it is. Judged only where the session has a fence, and never stored."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    accuracy_meters: Annotated[float, Field(ge=0, le=100_000)]

    @property
    def position(self) -> Position:
        """As the fence judges it."""
        return Position(self.latitude, self.longitude, self.accuracy_meters)


class CheckInRequest(CamelBody):
    """One of token, short code and ticket. ``scannedAt`` is the phone's clock: evidence only."""

    token: Typed | None = None
    short_code: Typed | None = None
    ticket: Typed | None = None
    location: Location | None = None
    scanned_at: Moment | None = None
    client_nonce: Typed | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.token is None) + (self.short_code is None) + (self.ticket is None) != 2:
            raise ValueError("token: give this, shortCode or ticket")
        return self
