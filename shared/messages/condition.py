"""The condition of the pipeline: what waits where, and for how long. Kept in Redis, measured again and again.

Workers measure it (workers.condition), every gateway adds how many sockets it holds; the status page and the
scheduler's ``/metrics`` read it, and so need neither the rights nor the time to measure themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

CONDITION_SECONDS = 60
"""How long a measurement is kept."""
REPORT_SECONDS = 10
"""Between two reports of a gateway."""
REPORT_LIFE = timedelta(seconds=3 * REPORT_SECONDS)
"""A gateway that has said nothing for this long is gone."""


class Condition(msgspec.Struct, frozen=True):
    """The pipeline at one moment. Seconds; ``None`` where the service that knows was away.

    ``queues`` counts the calls that wait per Celery queue. A canary is sent every minute; ``canary_seconds`` is how
    long the last one took from accepted to visible, and ``canary_age`` how long ago that one was accepted.
    """

    measured_at: datetime
    stream_entries: int
    oldest_seconds: float
    queues: dict[str, int]
    stalled: tuple[str, ...]
    canary_seconds: float | None
    canary_age: float | None
    inbox_events: int | None
    dead_letters: int | None
    suggestions_due: int | None


class GatewayReport(msgspec.Struct, frozen=True):
    """How many sockets one gateway holds."""

    sockets: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What all gateways together hold."""

    gateways: int
    sockets: int


_encoder = msgspec.json.Encoder()
_condition: msgspec.json.Decoder[Condition] = msgspec.json.Decoder(Condition)
_report: msgspec.json.Decoder[GatewayReport] = msgspec.json.Decoder(GatewayReport)


def encode(message: Condition | GatewayReport) -> bytes:
    """The message as Redis keeps it."""
    return _encoder.encode(message)


def decode(payload: bytes | None) -> Condition | None:
    """The condition; ``None`` where nobody has measured it for a minute."""
    return None if payload is None else _condition.decode(payload)


def held(reports: Mapping[bytes, bytes], now: datetime) -> Held:
    """What the gateways that still report hold."""
    gone = set(silent(reports, now))
    living = [_report.decode(payload).sockets for name, payload in reports.items() if name not in gone]
    return Held(len(living), sum(living))


def silent(reports: Mapping[bytes, bytes], now: datetime) -> list[bytes]:
    """The gateways that have said nothing for too long."""
    return [name for name, payload in reports.items() if now - _report.decode(payload).at >= REPORT_LIFE]
