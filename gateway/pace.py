"""How often and how long: the gateway's time units and bounds in one place, so that tests can turn them down."""

from dataclasses import dataclass

from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, unless the name says otherwise. Defaults are those of 3-realtime."""

    connect_seconds: float = 5.0
    """From the upgrade to CONNECT."""
    ping_seconds: float = 15.0
    """Between protocol pings; also how long a pong may take."""
    tick_seconds: float = 0.02
    """Pushes of a channel that come within this long leave together."""
    flush_seconds: float = 0.1
    """How long points of presence wait for each other; they are to be visible within 1 s."""
    redis_seconds: float = 2.0
    """Until Redis has said where a channel stands, and that it is listened to."""
    expiry_seconds: float = 1.0
    """Between looks for expired tokens; the promise is 5."""
    rights_seconds: float = 30.0
    """Between checks of everyone's rights; the promise is 60, and an answer may come late."""
    rights_hold_seconds: float = 60.0
    """How long a right counts that nobody can confirm."""
    tops_seconds: float = 30.0
    """Between comparisons of every channel with its top."""
    drain_seconds: float = 10.0
    """From SIGTERM to the last client told to go; whoever has not gone two seconds later is cut."""
    bytes_per_client: int = 256 * 1024
    """Bytes that may wait for one client."""


def pace_of(settings: Settings) -> Pace:
    """The pace that the settings ask for."""
    return Pace(
        ping_seconds=settings.ping_seconds,
        redis_seconds=settings.redis_timeout,
        drain_seconds=settings.gateway_drain_seconds,
    )
