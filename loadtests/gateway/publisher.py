"""Publishing through Redis with as little as Python can do: what this takes would count as the delay of a server."""

from collections.abc import Sequence
from typing import Any

from redis import Redis

from gateway.redis_link import Command, pack


class Publisher:
    """Says commands on a connection of its own."""

    def __init__(self, redis_url: str) -> None:
        self._connection: Any = Redis.from_url(redis_url).connection_pool.get_connection()

    def say(self, commands: Sequence[Command]) -> None:
        """Send them together, and wait for their answers; raises what Redis refuses."""
        self._connection.send_packed_command([pack(commands)])
        for _ in commands:
            self._connection.read_response()
