"""In-memory stand-ins: a client that keeps what it was sent, and people to be."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from gateway.closing import Close
from gateway.hub import Client
from gateway.pushes import Push, read_push
from gateway.rights import Facts
from shared.domain.words import Role, SessionStatus
from shared.tokens import Identity


def somebody(role: Role = Role.TEACHER, user_id: UUID | None = None) -> Identity:
    """A person with an hour left."""
    return Identity(user_id or uuid4(), role, uuid4().hex, datetime.now(UTC) + timedelta(hours=1))


def contents(frames: bytes) -> Iterator[bytes]:
    """What unmasked text frames carry."""
    while frames:
        assert frames[0] == 0x81
        head = {126: 4, 127: 10}.get(frames[1], 2)
        size = int.from_bytes(frames[2:head]) if head > 2 else frames[1]
        yield frames[head : head + size]
        frames = frames[head + size :]


class MemoryOutlet:
    """The way to a client who keeps everything, unless it ``is_slow``."""

    writes = 0
    is_slow = False
    file: int | None = None
    on_change: Callable[[], None] | None = None

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.closed_with: Close | None = None

    def send(self, frames: bytes) -> None:
        """See :class:`gateway.hub.Outlet`."""
        self.writes += 1
        for content in contents(frames):
            self.take(json.loads(content))

    def take(self, frame: dict[str, Any]) -> None:
        """A frame was read."""
        self.frames.append(frame)

    def close(self, code: Close) -> None:
        """See :class:`gateway.hub.Outlet`."""
        self.closed_with = code

    def cut(self) -> None:
        """See :class:`gateway.hub.Outlet`."""

    @property
    def types(self) -> list[str]:
        """The types of all frames."""
        return [frame["type"] for frame in self.frames]

    @property
    def versions(self) -> list[int]:
        """The versions of all pushes."""
        return [frame["payload"]["version"] for frame in self.frames if "version" in frame["payload"]]


def client(role: Role = Role.TEACHER) -> tuple[Client, MemoryOutlet]:
    """A client, and what it was sent."""
    outlet = MemoryOutlet()
    return Client(somebody(role), outlet), outlet


def facts(
    *enrolled: UUID,
    teacher: UUID | None = None,
    status: SessionStatus = SessionStatus.ACTIVE,
    opens_at: datetime | None = None,
) -> Facts:
    """What is known of a session."""
    return Facts(teacher or uuid4(), frozenset(enrolled), status, opens_at)


def push(version: int, epoch: str = "e1", kind: str = "STATS_UPDATE", data: object = None) -> Push:
    """A push as the bus brings it."""
    payload = json.dumps({"type": kind, "payload": {"sessionId": str(uuid4()), "data": data or {}}})
    frame = f'{payload[:-2]},"version":{version},"epoch":"{epoch}"}}}}'
    return read_push(f"{version} {kind} {frame}".encode())
