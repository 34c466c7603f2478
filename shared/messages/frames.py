"""Frames between a browser and a gateway (3-realtime 3.1). Pushes are not here: they pass through as bytes."""

from datetime import datetime
from uuid import UUID

import msgspec


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel to subscribe to, with the last position seen there, if any."""

    channel: str
    version: int | None = None
    epoch: str | None = None


class Connect(msgspec.Struct, frozen=True, tag="CONNECT", forbid_unknown_fields=True):
    """First frame: who is asking, and what they want to follow."""

    token: str | None = None
    ticket: str | None = None
    subscribe: tuple[Resume, ...] = ()


class Subscribe(msgspec.Struct, frozen=True, tag="SUBSCRIBE", forbid_unknown_fields=True):
    """Follow a channel, from a position on if one is given."""

    channel: str
    version: int | None = None
    epoch: str | None = None


class Unsubscribe(msgspec.Struct, frozen=True, tag="UNSUBSCRIBE", forbid_unknown_fields=True):
    """Follow a channel no more."""

    channel: str


class Activity(msgspec.Struct, frozen=True, tag="ACTIVITY", forbid_unknown_fields=True, rename="camel"):
    """Evidence of interacting."""

    session_id: UUID
    activity: str


class Refresh(msgspec.Struct, frozen=True, tag="REFRESH", forbid_unknown_fields=True):
    """A fresh token before the old one ends."""

    token: str


class Ping(msgspec.Struct, frozen=True, tag="PING", forbid_unknown_fields=True):
    """For clients that cannot see protocol pings."""


ClientFrame = Connect | Subscribe | Unsubscribe | Activity | Refresh | Ping


class RealtimeTicket(msgspec.Struct, frozen=True):
    """What a one-time ticket stands for, as the API stores it in Redis under ``keys.realtime_ticket`` (JSON)."""

    user_id: UUID
    role: str
    token_id: str
    expires_at: datetime
