"""Every metric of the gateway, by name."""

from prometheus_client import Counter, Gauge

CONNECTIONS = Gauge("muster_gateway_connections", "Sockets that are open and past CONNECT.")
SUBSCRIPTIONS = Gauge("muster_gateway_subscriptions", "Channels followed, over all sockets.")
CHANNELS = Gauge("muster_gateway_channels", "Channels followed by at least one socket.")
ACCEPTED = Counter("muster_gateway_accepted", "Sockets accepted, before CONNECT.")
CLOSED = Counter("muster_gateway_closed", "Sockets closed, by close code.", ["code"])
RECOVERED = Counter("muster_gateway_recovered", "Resumes, by whether history bridged the gap.", ["outcome"])
PUSHES = Counter("muster_gateway_pushes", "Pushes heard from Redis.")
BUS_RECONNECTS = Counter("muster_gateway_pubsub_reconnects", "Times the pub/sub connection was lost and came back.")
POINTS = Counter("muster_gateway_points", "Points of presence appended to the event stream.")
