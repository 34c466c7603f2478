"""The participant view of a push: what one student may see of what staff are sent (3-realtime 3.1).

Statuses, counters and calls to confirm pass unchanged. Of check-ins and marks a student gets only their own entries,
in the same envelope, with the same version. A type that is not listed here, like ``PRESENCE`` or ``CONFIRMED``, is
not for students.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
import structlog

from gateway.pushes import Push

UNCHANGED = frozenset({"SESSION_STATUS", "STATS_UPDATE", "CALL"})
OWN_ENTRIES = {"CHECK_IN": "checkIns", "MARK": "changes"}

_encoder = msgspec.json.Encoder()
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Portions:
    """What students get of one push: the same bytes for all, or some bytes for some."""

    everyone: bytes | None = None
    own: dict[UUID, bytes] = field(default_factory=dict)


NOTHING = Portions()


@lru_cache(maxsize=512)
def portions(push: Push) -> Portions:
    """A push as students see it.

    Remembered, so that a class that reconnects together does not decode the same history once per student.
    """
    if push.type in UNCHANGED:
        return Portions(everyone=push.frame)
    entries_name = OWN_ENTRIES.get(push.type)
    if entries_name is None:
        return NOTHING
    try:
        envelope = msgspec.json.decode(push.frame)
        entries = _by_student(envelope["payload"]["data"][entries_name])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        # Nothing that one session is told may end the process that serves all.
        log.error("unreadable entries", type=push.type, version=push.version, reason=type(error).__name__)
        return NOTHING
    return Portions(own={student: _with_data(envelope, {entries_name: own}) for student, own in entries.items()})


def _by_student(entries: list[dict[str, Any]]) -> dict[UUID, list[dict[str, Any]]]:
    grouped: dict[UUID, list[dict[str, Any]]] = {}
    for entry in entries:
        grouped.setdefault(UUID(entry["studentId"]), []).append(entry)
    return grouped


def _with_data(envelope: dict[str, Any], data: dict[str, Any]) -> bytes:
    return _encoder.encode({**envelope, "payload": {**envelope["payload"], "data": data}})
