"""A circuit breaker: after a failure, do without the service for a moment instead of waiting for it every time."""

import time
from collections.abc import Callable


class Breaker:
    """Open for ``seconds`` after :meth:`trip`, then closed again: the next call tries."""

    def __init__(self, seconds: float = 2.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._open_until = 0.0

    @property
    def closed(self) -> bool:
        """Whether the service may be tried."""
        return self._clock() >= self._open_until

    def trip(self) -> None:
        """The service just failed."""
        self._open_until = self._clock() + self._seconds
