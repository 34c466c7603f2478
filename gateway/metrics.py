"""Every metric of the gateway, by name."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import REGISTRY, Counter, Metric
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Tally(Collector):
    """A number without a lock, for what happens too often for one: the loop's own thread counts, and whoever scrapes
    reads. ``family`` is what the number is."""

    def __init__(
        self,
        name: str,
        documentation: str,
        family: type[CounterMetricFamily] | type[GaugeMetricFamily] = CounterMetricFamily,
    ) -> None:
        self.count = 0
        self._name, self._documentation, self._family = name, documentation, family
        REGISTRY.register(self)

    def collect(self) -> Iterator[Metric]:
        """See :class:`Collector`."""
        yield self._family(self._name, self._documentation, value=self.count)

    def describe(self) -> Iterator[Metric]:
        """What it is, without the number."""
        yield self._family(self._name, self._documentation)


class Spread(Collector):
    """The same for numbers whose distribution is wanted: a histogram. The library's takes two locks for each, which
    tells where every push goes to few."""

    def __init__(self, name: str, documentation: str, buckets: Sequence[float]) -> None:
        self._name, self._documentation = name, documentation
        self._bounds = (*buckets, float("inf"))
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0
        REGISTRY.register(self)

    def observe(self, value: float) -> None:
        """Count this one."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[Metric]:
        """See :class:`Collector`."""
        buckets = zip(map(floatToGoString, self._bounds), accumulate(self._counts), strict=True)
        yield HistogramMetricFamily(self._name, self._documentation, buckets=list(buckets), sum_value=self._sum)

    def describe(self) -> Iterator[Metric]:
        """What it is, without the numbers."""
        yield HistogramMetricFamily(self._name, self._documentation)


CONNECTIONS = Tally("muster_gateway_connections", "Sockets that are open and past CONNECT.", GaugeMetricFamily)
SUBSCRIPTIONS = Tally("muster_gateway_subscriptions", "Channels followed, over all sockets.", GaugeMetricFamily)
CHANNELS = Tally("muster_gateway_channels", "Channels followed by at least one socket.", GaugeMetricFamily)
ACCEPTED = Tally("muster_gateway_accepted", "Sockets accepted, before CONNECT.")
REFUSED = Counter("muster_gateway_refused", "Sockets refused before the upgrade because too many came.")
CLOSED = Counter("muster_gateway_closed", "Sockets closed, by close code.", ["code"])
RECOVERED = Counter("muster_gateway_recovered", "Resumes, by whether history bridged the gap.", ["outcome"])
PUSHES = Tally("muster_gateway_pushes", "Pushes heard from Redis.")
BUS_RECONNECTS = Counter("muster_gateway_pubsub_reconnects", "Times the pub/sub connection was lost and came back.")
POINTS = Counter("muster_gateway_points", "Points of presence appended to the event stream.")
BYTES = Tally("muster_gateway_bytes", "Bytes of pushes written to sockets.")
BROADCAST_SECONDS = Spread(
    "muster_gateway_broadcast_seconds",
    "From the first to the last write of one batch of pushes, with what others did between its slices.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
PUBSUB_LAG_SECONDS = Spread(
    "muster_gateway_pubsub_lag_seconds",
    "From a push's timestamp, which is its transaction's, to its arrival here.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)
LOOP_LAG_SECONDS = Spread(
    "muster_gateway_loop_lag_seconds",
    "How late the event loop wakes who wanted to be woken, looked at ten times a second.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)
