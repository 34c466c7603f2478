"""Who has to do something soon: all have the same time, so who came first is due first, and one timer does for all."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

Waited = TypeVar("Waited")
log = structlog.get_logger()


class Hurry(Generic[Waited]):
    """Tells ``is_late`` whoever was added and not removed for ``seconds``. Both cost next to nothing."""

    def __init__(self, seconds: float, is_late: Callable[[Waited], None]) -> None:
        self._seconds = seconds
        self._is_late = is_late
        self._loop = asyncio.get_running_loop()
        self._due: dict[Waited, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, somebody: Waited) -> None:
        """Their time begins, or begins again."""
        self._due.pop(somebody, None)
        self._due[somebody] = self._loop.time() + self._seconds
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def remove(self, somebody: Waited) -> None:
        """They did it."""
        self._due.pop(somebody, None)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._due:
            somebody, due = next(iter(self._due.items()))
            if due > now:
                self._timer = self._loop.call_at(due, self._look)
                return
            del self._due[somebody]
            try:
                self._is_late(somebody)
            except Exception:
                log.exception("cannot tell somebody that they are late")  # The others are to hear of it all the same.
