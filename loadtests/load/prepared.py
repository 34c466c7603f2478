"""A prepared campus as a file: sessions that run, and tokens for everybody in them.

Tokens stand in for logins: a campus logs in over the day, and logins from one address are limited (2-http-api 2.6).
The file lets people in, so only its owner may read it.
"""

from pathlib import Path

import msgspec

from deploy.stack.home import write_private


class Meeting(msgspec.Struct, frozen=True):
    """A running session, its teacher's token, and its students: (id, token)."""

    id: str
    teacher: str
    students: list[tuple[str, str]]

    @property
    def channel(self) -> str:
        """Its realtime channel (3-realtime 3.1)."""
        return f"attendance_updates_{self.id}"


class Prepared(msgspec.Struct, frozen=True):
    """Where the campus is, and who is on it."""

    api: str
    gateway: str
    meetings: list[Meeting]
    reviews: list[Meeting]
    """Sessions apart, for tutors who end and review them."""


def save(prepared: Prepared, path: Path) -> None:
    """Write it for its owner alone."""
    write_private(path, msgspec.json.encode(prepared).decode())


def load(path: Path) -> Prepared:
    """The inverse; raises ``OSError`` or ``msgspec.DecodeError``."""
    return msgspec.json.decode(path.read_bytes(), type=Prepared)
