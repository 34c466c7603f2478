"""The screens in the rooms: each asks for its code once a step, whoever looks at it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from gevent.lock import BoundedSemaphore

from loadtests.load.prepared import Meeting


class Screens:
    """The code that is shown in each room now."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, datetime]] = {}
        self._locks: dict[str, BoundedSemaphore] = {}

    def code(self, meeting: Meeting, ask: Callable[[], Any]) -> str | None:
        """The code; ``ask`` is the teacher's GET /qr, made by the first who looks after it has turned."""
        with self._locks.setdefault(meeting.id, BoundedSemaphore()):
            shown = self._shown.get(meeting.id)
            if shown is None or shown[1] <= datetime.now(UTC):
                said = ask()
                if said is None:
                    return None
                shown = self._shown[meeting.id] = (said["token"], datetime.fromisoformat(said["expiresAt"]))
            return shown[0]
