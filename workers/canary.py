"""The canary: once a minute nothing happens, and we look how long it takes until everybody may see it.

A canary is appended where the API appends events and comes out where their news does: after the commit and the publish
of its batch. It belongs to no session, so it leaves no mark, no presence and no push behind.
"""

from collections.abc import Sequence

from shared import keys
from shared.messages.events import Canary, encode
from workers.metrics import CANARY_SECONDS
from workers.ports import Ports


def send(ports: Ports) -> bool:
    """Append a canary; whether a drain must be called for it."""
    with ports.redis.pipeline(transaction=True) as pipeline:
        pipeline.xadd(keys.EVENTS, {"0": encode(Canary(ports.now()))})
        pipeline.set(keys.NUDGED, 1, nx=True, px=keys.NUDGE_MS)
        _, first = pipeline.execute()
    return bool(first)


def seen(ports: Ports, canaries: Sequence[Canary]) -> None:
    """These canaries' batch is visible now."""
    if not canaries:
        return
    now = ports.now()
    for canary in canaries:
        CANARY_SECONDS.observe((now - canary.sent_at).total_seconds())
    last = max(canary.sent_at for canary in canaries)
    ports.redis.hset(keys.CANARY, mapping={"sent": last.isoformat(), "seconds": f"{(now - last).total_seconds():.3f}"})
