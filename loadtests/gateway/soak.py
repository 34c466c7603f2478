"""``python -m loadtests.gateway.soak``: thousands of present sockets over two gateways, for minutes.

Everybody is on a session's path and follows its channel; every session's counters change once a second. Exit 1 when
somebody was dropped, memory grew or the event loops were late. Ends by itself, talks to loopback only.
"""

import argparse
import os
import re
import sys
import threading
import time
import urllib.request
from contextlib import ExitStack
from itertools import cycle

import psutil
from redis import Redis

from deploy.stack.local import LocalServices, local_services, temporary_home
from deploy.stack.settings import checked
from loadtests.bench.servers import Server, server
from loadtests.gateway.contestants import push
from loadtests.gateway.hall import MUSTER, CrowdProcess, Hall, crowd, open_halls, students_of
from shared import keys

PORTS = (18_510, 18_511)
METRICS = (18_512, 18_513)
RATE = 200.0
"""Sockets opened per second and gateway."""
LAG_GOAL = 0.05
GROWTH_GOAL = 1.05
_BUCKET = re.compile(r'muster_gateway_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)')


def main() -> None:
    """Run and judge."""
    parser = argparse.ArgumentParser("python -m loadtests.gateway.soak")
    parser.add_argument("--sockets", type=int, default=20_000)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=5.0)
    chosen = parser.parse_args()
    with temporary_home() as home, local_services(home, environment={}) as local:
        problems = soak(local, chosen.sockets, chosen.sessions, chosen.minutes)
    print("\n".join(problems) or "steady")
    sys.exit(bool(problems))


def soak(local: LocalServices, sockets: int, sessions: int, minutes: float) -> list[str]:
    """What went wrong."""
    with ExitStack() as stack:
        redis = stack.enter_context(Redis.from_url(local.redis_url))
        gateways = [
            stack.enter_context(server(["-m", "gateway"], port, environment(local, port, metrics)))
            for port, metrics in zip(PORTS, METRICS, strict=True)
        ]
        _spread_over_cores(gateways)
        crowds = [stack.enter_context(crowd()) for _ in PORTS]
        halls = open_halls(redis, sessions, sockets // sessions)
        _let_in(local, crowds, halls)
        stop = threading.Event()
        publisher = threading.Thread(target=_publish, args=(redis, halls, stop))
        publisher.start()
        try:
            return _watch(gateways, crowds, sockets, minutes)
        finally:
            stop.set()
            publisher.join()


def environment(local: LocalServices, port: int, metrics: int) -> dict[str, str]:
    """The variables of a gateway process under load."""
    return {
        **local.environment(),
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_GATEWAY_PORT": str(port),
        "MUSTER_GATEWAY_METRICS_PORT": str(metrics),
        "MUSTER_LOG_LEVEL": "WARNING",
    }


def _spread_over_cores(gateways: list[Server]) -> None:
    for core, gateway in zip(cycle(range(os.cpu_count() or 1)), gateways, strict=False):
        gateway.process.cpu_affinity([core])


def _let_in(local: LocalServices, crowds: list[CrowdProcess], halls: list[Hall]) -> None:
    """Half of the sessions' people to each gateway."""
    settings = checked(environment(local, *PORTS))
    guests = students_of(settings, halls)
    half = len(guests) // 2
    joining = [
        threading.Thread(target=people.join, args=(port, part, MUSTER, RATE))
        for people, port, part in zip(crowds, PORTS, (guests[:half], guests[half:]), strict=True)
    ]
    for thread in joining:
        thread.start()
    for thread in joining:
        thread.join()


def _publish(redis: "Redis", halls: list[Hall], stop: threading.Event) -> None:
    """Each session once a second, and nobody drains what the gateways witnessed: it is thrown away."""
    while not stop.is_set():
        for hall in halls:
            data = b'{"presentStudents":%d,"at":%d}' % (time.time() % 1000, time.time() * 1e6)
            push(redis, hall.channel, hall.session_id, [data], kind=b"STATS_UPDATE")
            stop.wait(1.0 / len(halls))
        redis.delete(keys.EVENTS)


def _watch(gateways: list[Server], crowds: list[CrowdProcess], sockets: int, minutes: float) -> list[str]:
    time.sleep(20)  # One round of pings: buffers are as large as they get.
    first, lags = _memory(gateways), [_lags(port) for port in METRICS]
    cpu, start = [gateway.cpu_seconds() for gateway in gateways], time.monotonic()
    until = start + 60 * minutes
    while time.monotonic() < until:
        time.sleep(min(30.0, max(0.0, until - time.monotonic())))
        there = sum(people.tell("report")["there"] for people in crowds)
        load = psutil.getloadavg()[0]
        print(
            f"{time.monotonic() - start:5.0f} s  {there} there, {_memory(gateways):,.0f} MiB, load {load:.1f}",
            flush=True,
        )
    share = [
        (after.cpu_seconds() - before) / (time.monotonic() - start) for after, before in zip(gateways, cpu, strict=True)
    ]
    late = [_quantile(_since(_lags(port), before), 0.99) for port, before in zip(METRICS, lags, strict=True)]
    seen = [people.tell("report") for people in crowds]
    print(f"CPU {', '.join(f'{part:.0%}' for part in share)} of a core; loop lag p99 ≤ {late} s; closes "
          f"{[each['closes'] for each in seen]}; {sum(each['pushes'] for each in seen):,} deliveries")  # fmt: skip
    problems = [f"only {there} of {sockets} stayed"] if there != sockets else []
    problems += [f"memory grew from {first:,.0f} MiB to {_memory(gateways):,.0f}"] * (
        _memory(gateways) > GROWTH_GOAL * first
    )
    return problems + [f"loop lag p99 {lag} s" for lag in late if lag > LAG_GOAL]


def _memory(gateways: list[Server]) -> float:
    return float(sum(gateway.process.memory_info().rss for gateway in gateways)) / 2**20


def _lags(port: int) -> dict[float, float]:
    """Looks at the loop so far that were at most so late."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return {float(bound): float(count) for bound, count in _BUCKET.findall(answer.read().decode())}


def _since(after: dict[float, float], before: dict[float, float]) -> dict[float, float]:
    return {bound: count - before[bound] for bound, count in after.items()}


def _quantile(buckets: dict[float, float], share: float) -> float:
    total = max(buckets.values())
    return min(bound for bound, count in buckets.items() if count >= share * total)


if __name__ == "__main__":
    main()
