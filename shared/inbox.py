"""Writing to PostgreSQL's inbox. Whoever writes may not read it, so nothing is returned."""

from collections.abc import Sequence

from sqlalchemy import text

from shared.messages.events import Event, encode

PUT = text("INSERT INTO inbox (payload) SELECT unnest(CAST(:payloads AS bytea[]))")
"""Takes the parameters made by :func:`rows`."""


def rows(events: Sequence[Event]) -> dict[str, list[bytes]]:
    """The parameters that put these events, in this order."""
    return {"payloads": [encode(event) for event in events]}
