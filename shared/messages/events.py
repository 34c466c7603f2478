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


class Canary(msgspec.Struct, frozen=True, array_like=True, tag="canary"):
    """Nothing happened: it goes the way of the others only to measure how long that takes."""

    sent_at: datetime


class ConfirmationCalled(msgspec.Struct, frozen=True, array_like=True, tag="called"):
    """A teacher asked students to confirm that they are there; the row says whom and until when."""

    session_id: UUID
    call_id: UUID


class Confirmed(msgspec.Struct, frozen=True, array_like=True, tag="confirmed"):
    """A student answered a call with a code of the moment."""

    session_id: UUID
    call_id: UUID
    user_id: UUID
    via: Via
    at: datetime


Event = (
    CheckInAccepted | SessionStatusChanged | MarksChanged | PointProven | RosterChanged | ConfirmationCalled | Confirmed
)
"""What leaves facts behind."""

_encoder = msgspec.msgpack.Encoder(uuid_format="bytes")
_decoder: msgspec.msgpack.Decoder[Event | Canary] = msgspec.msgpack.Decoder(Event | Canary)


def encode(event: Event | Canary) -> bytes:
    """The event as the stream carries it."""
    return _encoder.encode(event)


def decode(payload: bytes) -> Event | Canary:
    """The inverse; raises ``msgspec.DecodeError`` (or its subclass ``ValidationError``) on anything else."""
    return _decoder.decode(payload)
