"""One server of the benchmark behind a face that all of them have: how it is started, followed and published to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Publish = Callable[[str, Sequence[bytes]], None]
"""Publish payloads on a channel, all in one go."""
FIRST_PORT = 18_500


@dataclass(eq=False)
class Contestant:
    """One server. ``guests`` makes members of a channel; ``open`` connects a publisher once it is up."""

    name: str
    port: int
    command: list[str]
    channels: Sequence[str]
    guests: Callable[[str, int], list[dict[str, Any]]]
    open: Callable[[], Publish]
    dialect: dict[str, bytes] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    kept: float = 1.0
    """The share of deliveries that must be counted: NATS cuts its stream anywhere, also in what is looked for."""

    def __str__(self) -> str:
        return self.name


CHANNELS = 10


def named(place: str) -> list[str]:
    """Channels that nobody else hears who meets in the same Redis."""
    return [f"{place}{number}" for number in range(CHANNELS)]


def strangers(channel: str, count: int) -> list[dict[str, Any]]:
    """Members whom nobody asks who they are: the path names their channel."""
    return [{"path": f"/{channel}"}] * count
