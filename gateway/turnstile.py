"""How many get in before the upgrade: sockets a second, and sockets in all (3-realtime 3.4)."""

import math
from collections.abc import Callable

FULL_SECONDS = 5
"""When to come back to a process that is full; another one may have room at once."""


class Turnstile:
    """Lets in ``rate`` sockets a second, as many at once after a quiet second, and ``most`` in all."""

    def __init__(self, rate: float, most: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._most = most
        self._clock = clock
        self._passes = rate
        self._counted_at = clock()

    def wait(self, inside: int) -> int:
        """Let in one of those inside, who is counted already: 0, or the seconds after which it may try again."""
        if inside > self._most:
            return FULL_SECONDS
        now = self._clock()
        self._passes = min(self._rate, self._passes + (now - self._counted_at) * self._rate)
        self._counted_at = now
        if self._passes < 1:
            return math.ceil((1 - self._passes) / self._rate)
        self._passes -= 1
        return 0
