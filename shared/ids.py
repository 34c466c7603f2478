"""Ids of new rows and events."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7: sorts by time, so new rows land together in an index."""
    return uuid7()
