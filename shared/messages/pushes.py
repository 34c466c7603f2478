"""Pushes: what dashboards are told, as the workers publish it and the gateways pass it on (3-realtime 3.1).

A push is serialised once, here, up to the place of its version; Redis adds version and epoch in the same step in
which it numbers, keeps and publishes it (lua/publish.lua). Staff get those very bytes.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from shared.domain.words import CallKind, Mark, SessionStatus, Source


class CheckInLocation(msgspec.Struct, frozen=True, rename="camel"):
    """Where a check-in was made: raw coordinates are judged and not kept."""

    inside: bool
    distance_meters: int


class LiveAttendanceUpdate(msgspec.Struct, frozen=True, rename="camel"):
    """One student's check-in (2-http-api 2.1); ``status`` is lower case."""

    session_id: UUID
    student_id: UUID
    student_number: str
    student_name: str
    timestamp: datetime
    status: str
    check_in_location: CheckInLocation | None = None


class CheckIns(msgspec.Struct, frozen=True, tag="CHECK_IN", rename="camel"):
    """Students checked in; a batch."""

    check_ins: Sequence[LiveAttendanceUpdate]


class Stats(msgspec.Struct, frozen=True, tag="STATS_UPDATE", rename="camel", omit_defaults=True):
    """Counters that changed, as absolute values. ``present_students`` counts present and late."""

    present_students: int | None = None
    late_students: int | None = None
    absent_students: int | None = None
    excused_students: int | None = None
    not_marked: int | None = None
    connected_count: int | None = None
    attendance_rate: float | None = None


class MarkChange(msgspec.Struct, frozen=True, rename="camel"):
    """A person's mark; lower case, null when deleted."""

    student_id: UUID
    status: str | None
    source: Source
    marked_at: datetime


class Marks(msgspec.Struct, frozen=True, tag="MARK", rename="camel"):
    """People's marks changed; at most :data:`MARKS_PER_FRAME`."""

    changes: Sequence[MarkChange]


class PresenceChanged(msgspec.Struct, frozen=True, tag="PRESENCE", rename="camel"):
    """Who came and who went since the last of these; ``connected_count`` counts students."""

    joined: Sequence[UUID]
    left: Sequence[UUID]
    connected_count: int


class StatusChanged(msgspec.Struct, frozen=True, tag="SESSION_STATUS", rename="camel"):
    """The session changed its status."""

    old_status: SessionStatus | None
    new_status: SessionStatus
    reason: str | None


class Called(msgspec.Struct, frozen=True, tag="CALL", rename="camel"):
    """Students are asked to confirm that they are there; ``asked`` is how many, ``by_rule`` that nobody called.

    ``generation`` is of the codes that count since: a screen knows by it whether it shows one of them already.
    """

    call_id: UUID
    kind: CallKind
    closes_at: datetime
    asked: int
    by_rule: bool
    generation: int


class ConfirmedBy(msgspec.Struct, frozen=True, tag="CONFIRMED", rename="camel"):
    """Students confirmed; ``confirmed`` is how many have by now."""

    call_id: UUID
    student_ids: Sequence[UUID]
    confirmed: int


MARKS_PER_FRAME = 200

PushData = CheckIns | Stats | Marks | PresenceChanged | StatusChanged | Called | ConfirmedBy


class Push(msgspec.Struct, frozen=True):
    """A push on its way to its channel."""

    session_id: UUID
    timestamp: datetime
    data: PushData


_encoder = msgspec.json.Encoder()


def push_type(data: PushData) -> str:
    """The frame type of a push."""
    tag = type(data).__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def open_frame(push: Push) -> bytes:
    """The frame up to where ``,"version":…,"epoch":…}}`` goes."""
    data = msgspec.to_builtins(push.data, builtin_types=(datetime, UUID))
    data.pop("type")
    payload = {"sessionId": push.session_id, "timestamp": push.timestamp, "data": data}
    head = _encoder.encode({"type": push_type(push.data), "payload": payload})
    return head[:-2]


def lower(mark: Mark | str) -> str:
    """A mark as the live family writes it."""
    return mark.lower()
