"""When whose token ends, so that a look for those who are due costs only them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.hub import Client

WIDTH = 30
"""Seconds of expiry kept together. Each look goes through those of one such time: one in a hundred, with tokens of an
hour; narrower would weigh more per client."""


class Expiries:
    """Clients by when their token ends. Plain state."""

    def __init__(self) -> None:
        self._times: dict[int, set[Client]] = {}

    def add(self, client: Client) -> None:
        """Have somebody found once their token has ended."""
        self._times.setdefault(_time(client.identity.expires_at), set()).add(client)

    def remove(self, client: Client) -> None:
        """Forget somebody; their token is still the one they were added with."""
        time = _time(client.identity.expires_at)
        together = self._times.get(time, set())
        together.discard(client)
        if not together:
            self._times.pop(time, None)

    def due(self, now: datetime) -> list[Client]:
        """Those whose token has ended."""
        times = [time for time in self._times if time <= _time(now)]
        return [client for time in times for client in self._times[time] if client.identity.expires_at <= now]


def _time(moment: datetime) -> int:
    return int(moment.timestamp()) // WIDTH
