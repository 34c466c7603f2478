"""The product's own number: from the 202 of a check-in to the frame that shows it on the teacher's dashboard.

Both ends are in this process and read one clock, so nothing is guessed. Who checks in and who watches are of the same
session, which is always played by one process.
"""

import time
from collections.abc import Callable

Pair = tuple[str, str]
"""Session and student."""


class Journey:
    """Joins both ends of every check-in, whichever is seen first. ``tell`` is given the seconds of each."""

    def __init__(self, tell: Callable[[float], None], clock: Callable[[], float] = time.perf_counter) -> None:
        self._tell = tell
        self._clock = clock
        self._accepted: dict[Pair, float] = {}
        self._shown: set[Pair] = set()
        self._watched: set[str] = set()

    def watch(self, session_id: str) -> None:
        """A dashboard follows this session from now on."""
        self._watched.add(session_id)

    def unwatch(self, session_id: str) -> None:
        """Its dashboard is gone: what was not shown until now is nobody's journey any more."""
        self._watched.discard(session_id)
        self._accepted = {pair: moment for pair, moment in self._accepted.items() if pair[0] != session_id}

    def accepted(self, pair: Pair) -> None:
        """The student's page has its 202."""
        if pair in self._shown:
            self._shown.discard(pair)
            self._tell(0.0)  # shown before the answer was read
        elif pair[0] in self._watched:
            self._accepted[pair] = self._clock()

    def shown(self, pair: Pair) -> None:
        """The dashboard has the frame."""
        accepted = self._accepted.pop(pair, None)
        if accepted is None:
            self._shown.add(pair)
        else:
            self._tell(self._clock() - accepted)

    @property
    def under_way(self) -> int:
        """Check-ins that were accepted and not shown."""
        return len(self._accepted)
