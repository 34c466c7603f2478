"""The history of a session as a chain: a row that was edited, removed or put in later shows (5-security).

Every change of the session's status and of its marks has the next place and a hash over the hash before it and its own
content; where the chain ends is kept apart. PostgreSQL writes it (migration 0005); this says the same independently, so
that a changed function of the database cannot vouch for itself.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Value = str | int | UUID | datetime | None


@dataclass(frozen=True, slots=True)
class Head:
    """Where a history ends: the place of its last row and that row's hash."""

    length: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """A row of history. ``values`` is what it says, in the order in which it is hashed; ``row`` is where it stands."""

    session_id: UUID
    place: int
    kind: str
    values: Sequence[Value]
    hash: bytes
    row: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a history is not what it was when it was written."""

    session_id: UUID
    place: int
    reason: str


def link(previous: bytes, change: Change) -> bytes:
    """The hash that this change has after ``previous``, which is empty before the first: 32 bytes."""
    content = [change.kind, change.session_id, change.place, *change.values]
    written = json.dumps([_plain(value) for value in content], ensure_ascii=False)
    return hashlib.sha256(previous + written.encode()).digest()


def first_break(session_id: UUID, changes: Iterable[Change], head: Head | None) -> Break | None:
    """Where the history of a session first fails; None when it is whole. ``changes`` come in the order of places."""
    place, previous = 0, b""
    for change in changes:
        place += 1
        if change.place > place:
            return Break(session_id, place, f"a row is missing before {change.row}")
        if change.place < place:
            return Break(session_id, change.place, f"{change.row} was put in later")
        previous = link(previous, change)
        if previous != change.hash:
            return Break(session_id, place, f"{change.row} is not what was written")
    if head is None or (head.length, head.hash) != (place, previous):
        return Break(session_id, place + 1, f"the history had {head.length if head else 'more'} rows, {place} are left")
    return None


def _plain(value: Value) -> str | int | None:
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return str(value) if isinstance(value, UUID) else value
