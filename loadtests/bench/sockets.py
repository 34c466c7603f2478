"""What connected people cost the gateway: CPU, memory and bytes per 1,000 present sockets and minute."""

import time

from redis import Redis

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.bench.servers import server
from loadtests.gateway.hall import MUSTER, crowd, open_halls, students_of
from shared import keys

PORT = 18_490
HALLS, STUDENTS = 20, 100
RATE = 150.0
SECONDS = 30.0
"""Two rounds of pings."""


def run(local: LocalServices) -> list[str]:
    """Connect people, let them be present for a while, and see what that took. Nobody is told anything meanwhile."""
    environment = {
        **local.environment(),
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_GATEWAY_PORT": str(PORT),
        "MUSTER_GATEWAY_METRICS_PORT": "0",
        "MUSTER_LOG_LEVEL": "WARNING",
    }
    with (
        Redis.from_url(local.redis_url) as redis,
        server(["-m", "gateway"], PORT, environment) as gateway,
        crowd() as people,
    ):
        halls = open_halls(redis, HALLS, STUDENTS)
        empty = gateway.process.memory_info().rss
        people.join(PORT, students_of(checked(environment), halls), MUSTER, RATE)
        people.tell("reset")
        redis.delete(keys.EVENTS)
        cpu, start = gateway.cpu_seconds(), time.monotonic()
        time.sleep(SECONDS)
        used, minutes = gateway.cpu_seconds() - cpu, (time.monotonic() - start) / 60
        seen = people.tell("report")
        points, size = redis.xlen(keys.EVENTS), redis.memory_usage(keys.EVENTS, samples=0)
        memory = gateway.process.memory_info().rss - empty
        if seen["there"] != HALLS * STUDENTS or not points or not size:
            raise AssertionError(f"not everybody stayed: {seen}")
        redis.delete(keys.EVENTS)
    thousands = HALLS * STUDENTS / 1000
    per = thousands * minutes
    return [
        "1,000 present sockets for a minute (ping 15 s), in the gateway",
        f"  CPU                                {used / per:8.3f} s",
        f"  written to the sockets, and read   {_wire(seen) / per / 1024:8.1f} KiB, {seen['pings'] / per:,.0f} pings",
        f"  kept in the event stream           {size / per / 1024:8.1f} KiB in {points / per:,.0f} entries",
        f"  memory                             {memory / HALLS / STUDENTS / 1024:8.1f} KiB per socket",
    ]


def _wire(seen: dict[str, int]) -> int:
    """Bytes of pings and of their answers, which are as long and masked."""
    return 2 * seen["bytes"] + 4 * seen["pings"]
