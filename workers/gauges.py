"""The pipeline's condition as gauges, read when somebody asks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from shared import keys
from shared.messages.condition import Condition, decode, held
from workers.metrics import GATEWAYS, GAUGES, QUEUE_LENGTH, SOCKETS, STALLED

log = structlog.get_logger()


class ConditionGauges(Collector):
    """Nothing is shown that nobody has measured within a minute: an alert on its absence says so."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    def collect(self) -> Iterator[Metric]:
        """See :data:`workers.metrics.GAUGES`."""
        try:
            condition = decode(self._redis.get(keys.CONDITION))
            reports = self._redis.hgetall(keys.GATEWAYS)
        except RedisError as error:
            log.warning("no gauges", reason=type(error).__name__)
            return
        now_held = held(reports, datetime.now(UTC))
        yield GaugeMetricFamily(*SOCKETS, value=now_held.sockets)
        yield GaugeMetricFamily(*GATEWAYS, value=now_held.gateways)
        if condition is not None:
            yield from _of(condition)


def _of(condition: Condition) -> Iterator[Metric]:
    for field, (name, words) in GAUGES.items():
        if (value := getattr(condition, field)) is not None:
            yield GaugeMetricFamily(name, words, value=value)
    lengths = GaugeMetricFamily(*QUEUE_LENGTH, labels=["queue"])
    stalled = GaugeMetricFamily(*STALLED, labels=["queue"])
    for queue, length in condition.queues.items():
        lengths.add_metric([queue], length)
        stalled.add_metric([queue], queue in condition.stalled)
    yield lengths
    yield stalled
