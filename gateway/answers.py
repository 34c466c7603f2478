"""Control frames that the gateway itself sends, in the envelope of 3-realtime 3.1: only ``data`` and ``timestamp``."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from shared.tokens import Identity

_encoder = msgspec.json.Encoder()

MAX_JITTER_MS = 20_000
"""Clients told to reconnect spread over this long (3-realtime 3.4: full jitter up to 20 s)."""


class Problem(StrEnum):
    """Codes of an ``ERROR``; the socket stays open."""

    FORBIDDEN = "forbidden"
    MALFORMED = "malformed"
    UNAVAILABLE = "unavailable"
    TOO_MANY = "too_many_channels"


_MESSAGES = {
    Problem.FORBIDDEN: "You have no part in this.",
    Problem.MALFORMED: "This frame makes no sense.",
    Problem.TOO_MANY: "One socket cannot follow so many channels.",
    Problem.UNAVAILABLE: "This cannot be answered just now; try again.",
}


def _frame(kind: str, data: Mapping[str, Any]) -> bytes:
    return _encoder.encode({"type": kind, "payload": {"timestamp": datetime.now(UTC), "data": data}})


def connected(identity: Identity, ping_seconds: float) -> bytes:
    """CONNECTED: you are who you say, until ``expiresAt``."""
    data = {"userId": identity.user_id, "expiresAt": identity.expires_at, "pingSeconds": ping_seconds}
    return _frame("CONNECTED", {**data, "serverTime": datetime.now(UTC)})


def subscribed(channel: str, version: int, epoch: str, *, recovered: bool) -> bytes:
    """SUBSCRIBED: the channel's top, and whether everything missed follows."""
    return _frame("SUBSCRIBED", {"channel": channel, "version": version, "epoch": epoch, "recovered": recovered})


def pong() -> bytes:
    """PONG."""
    return _frame("PONG", {})


def error(problem: Problem, about: str | None = None) -> bytes:
    """ERROR; ``about`` is put before the sentence, so that a client with many channels knows which one."""
    message = f"{about}: {_MESSAGES[problem]}" if about else _MESSAGES[problem]
    return _frame("ERROR", {"code": problem, "message": message, "temporary": problem is Problem.UNAVAILABLE})


def resync(channel: str, reason: str) -> bytes:
    """RESYNC: history cannot bridge the gap; fetch the snapshot and go on from its version."""
    return _frame("RESYNC", {"channel": channel, "reason": reason})


def reconnect() -> bytes:
    """RECONNECT: this socket is about to be closed for a deploy."""
    return _frame("RECONNECT", {"maxJitterMs": MAX_JITTER_MS})
