"""Bodies and answers of the whiteboard family: snake_case (2-http-api 2.2)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from api.fields import SnakeBody, SnakeView
from shared.domain.words import UserType

HEARTBEAT = "heartbeat"
"""The default activity: it proves presence and nothing more, so it is not counted as interacting."""

Activity = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]


class ConnectionReport(SnakeBody):
    """A connect or disconnect. ``session_id`` may be left out; if given it is the path's."""

    session_id: UUID | None = None
    user_type: UserType


class HeartbeatReport(ConnectionReport):
    """A heartbeat, with what the participant did."""

    activity_type: Activity = HEARTBEAT


class AcceptedView(SnakeView):
    """A point was kept, at this server time."""

    accepted: bool = True
    session_id: UUID
    user_id: UUID
    user_type: str
    event: str
    timestamp: datetime


class ParticipantView(SnakeView):
    """One person's presence."""

    user_id: UUID
    name: str
    user_type: str
    connected: bool
    connected_at: datetime | None
    disconnected_at: datetime | None
    last_activity_at: datetime | None
    total_active_seconds: float
    connects: int
    activity_counts: dict[str, int]


class ConnectionLogView(SnakeView):
    """A connect, disconnect or timeout."""

    user_id: UUID
    user_type: str
    event: str
    timestamp: datetime


class ConnectionStatusView(SnakeView):
    """Who is connected to a session. ``student_*`` are null unless it has exactly one student."""

    session_id: UUID
    has_whiteboard: bool
    status: str
    tutor_connected: bool | None
    tutor_connected_at: datetime | None
    tutor_disconnected_at: datetime | None
    tutor_last_activity_at: datetime | None
    tutor_total_active_seconds: float | None
    student_connected: bool | None
    student_connected_at: datetime | None
    student_disconnected_at: datetime | None
    student_last_activity_at: datetime | None
    student_total_active_seconds: float | None
    participants: list[ParticipantView]
    connection_logs: list[ConnectionLogView]
    connection_logs_next: str | None
