"""Accepted events: what the stream and the inbox carry until PostgreSQL has committed it.

MessagePack arrays; fields are only ever appended, with defaults, so that old entries stay readable.
Times are UTC. A second delivery of any event changes nothing.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from shared.domain.words import Connection, Mark, SessionStatus, UserType, Via


class CheckInAccepted(msgspec.Struct, frozen=True, array_like=True, tag="check_in"):
    """A student's check-in was accepted. ``id`` is what makes a second delivery harmless."""

    id: UUID
    session_id: UUID
    student_id: UUID
    status: Mark
    via: Via
    scanned_at: datetime
    accepted_at: datetime
    ticket_id: bytes | None = None
    step_age_ms: int | None = None
    client_scanned_at: datetime | None = None
    device: bytes | None = None
    inside: bool | None = None
    distance_meters: int | None = None
    on_campus: bool | None = None
    one_student_per_device: bool = False


class SessionStatusChanged(msgspec.Struct, frozen=True, array_like=True, tag="session"):
    """A session was made, started, ended or cancelled."""

    session_id: UUID
    old_status: SessionStatus | None
    new_status: SessionStatus
    changed_at: datetime
    reason: str | None = None


class MarksChanged(msgspec.Struct, frozen=True, array_like=True, tag="marks"):
    """People's marks changed; the rows themselves say to what."""

    session_id: UUID
    student_ids: tuple[UUID, ...]


class PointProven(msgspec.Struct, frozen=True, array_like=True, tag="point"):
    """A participant was there at this moment, as a server of ours received it. ``activity`` is what they did."""

    session_id: UUID
    user_id: UUID
    user_type: UserType
    event: Connection
    at: datetime
    activity: str | None = None


class RosterChanged(msgspec.Struct, frozen=True, array_like=True, tag="roster"):
    """Who is enrolled in an open session changed. Written by a trigger on enrolments (sql_0003)."""

    session_id: UUID


Event = CheckInAccepted | SessionStatusChanged | MarksChanged | PointProven | RosterChanged

_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_decoder: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event)


def encode(event: Event) -> bytes:
    """The event as the stream carries it."""
    return _encoder.encode(event)


def decode(payload: bytes) -> Event:
    """The inverse; raises ``msgspec.DecodeError`` (or its subclass ``ValidationError``) on anything else."""
    return _decoder.decode(payload)
