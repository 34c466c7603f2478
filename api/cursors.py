"""Pages of a list: where the last one ended, as an opaque cursor."""

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.problems import FieldError, malformed

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT)]
"""How many items a page has at most."""


LAST_ROW = 2**63 - 1
"""The greatest number that a table's rows can have."""


def make_cursor(moment: datetime, row_id: UUID) -> str:
    """Where a page ended: its last row's time and id."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {row_id}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The inverse of :func:`make_cursor`; 422 for anything we did not make."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        moment, _, row_id = text.rpartition(" ")
        parsed = datetime.fromisoformat(moment)
        if parsed.tzinfo is None:
            raise ValueError("no zone")
        return parsed, UUID(row_id)
    except (binascii.Error, ValueError):
        raise malformed(FieldError("cursor", "is not a cursor of this list")) from None


def make_row_cursor(moment: datetime, number: int) -> str:
    """As :func:`make_cursor`, for rows that are numbered."""
    return make_cursor(moment, UUID(int=number))


def read_row_cursor(cursor: str) -> tuple[datetime, int]:
    """The inverse of :func:`make_row_cursor`; 422 for anything we did not make."""
    moment, row_id = read_cursor(cursor)
    if row_id.int > LAST_ROW:
        raise malformed(FieldError("cursor", "is not a cursor of this list"))
    return moment, row_id.int


def make_key_cursor(key: str) -> str:
    """As :func:`make_cursor`, for rows that are ordered by a text."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def read_key_cursor(cursor: str) -> str:
    """The inverse of :func:`make_key_cursor`; 422 for anything we did not make."""
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        key = "\0"
    if "\0" in key:  # no row of PostgreSQL has it
        raise malformed(FieldError("cursor", "is not a cursor of this list"))
    return key
