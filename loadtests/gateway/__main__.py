"""``python -m loadtests.gateway``: our gateway beside others doing the same work, in one run, as ratios.

Latencies are those of a machine that does everything at once; trust the ratios. Ends by itself, talks to loopback only.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from deploy.stack.local import LocalServices, local_services, temporary_home
from loadtests.bench.servers import leave_the_server_its_core
from loadtests.gateway import idle
from loadtests.gateway.contestant import Contestant
from loadtests.gateway.contestants import contestants
from loadtests.gateway.rounds import FANOUTS, Fanout, Result, each_alone

RIVALS = Path(".muster/rivals")
"""Where what others made is unpacked; the next run finds it there."""
GOALS = (0.67, 0.67, 0.36, 0.22, 0.06)
"""Per fan-out: the most CPU per delivery, as a share of the yardstick's (G1 to G5)."""
CONNECT_GOAL, KILOBYTES_GOAL, CORE_GOAL, HEARD_GOAL = 1.3, 15.0, 0.035, 0.95


def main() -> None:
    """Run and print."""
    leave_the_server_its_core()
    RIVALS.mkdir(parents=True, exist_ok=True)
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with temporary_home() as home, local_services(home, environment={}) as local:
        everybody = contestants(local, RIVALS.resolve())
        fan_outs(everybody)
        at_rest(everybody[:2], local)


def fan_outs(everybody: Sequence[Contestant]) -> None:
    """CPU and latency of deliveries, and CPU of connecting."""
    results: dict[str, dict[Fanout | None, Result | float]] = {}
    for contestant in everybody:
        try:
            results[contestant.name] = dict(each_alone(contestant))
        except (OSError, RuntimeError, AssertionError, TimeoutError) as error:
            print(f"{contestant.name} is left out: {error}")
    yardstick = next(iter(results.values()))
    for work, goal in zip(FANOUTS, GOALS, strict=True):
        print(f"\n{work.name}: µs of CPU per delivery, ÷ the first (goal ≤ {goal}); ms p50, p99")
        for name, found in results.items():
            result, first = found[work], yardstick[work]
            assert isinstance(result, Result)
            assert isinstance(first, Result)
            ratio = result.micros / first.micros
            print(f"  {name:28} {result.micros:7.2f}  {ratio:5.2f}   {result.p50:8.1f} {result.p99:8.1f}")
    print(f"\nconnecting: ms of CPU per socket, ÷ the first (goal ≤ {CONNECT_GOAL}, authenticated)")
    for name, found in results.items():
        milliseconds, first = found[None], yardstick[None]
        assert isinstance(milliseconds, float)
        assert isinstance(first, float)
        print(f"  {name:28} {milliseconds:7.3f}  {milliseconds / first:5.2f}")


def at_rest(both: Sequence[Contestant], local: LocalServices) -> None:
    """Memory, pings and frames from clients, ours beside the yardstick."""
    print(f"\n10,000 connected: KiB each (goal ≤ {KILOBYTES_GOAL}), % of a core (goal ≤ {CORE_GOAL:.1%})")
    for contestant in both:
        found = idle.idle(contestant, local)
        print(f"  {contestant.name:28} {found.kilobytes:7.1f}  {found.core:6.2%}", flush=True)
    print(f"\nframes from clients per CPU second, ÷ the first (goal ≥ {HEARD_GOAL})")
    first = 0.0
    for contestant in both:
        rate = idle.heard(contestant)
        first = first or rate
        print(f"  {contestant.name:28} {rate:8,.0f}  {rate / first:5.2f}", flush=True)


if __name__ == "__main__":
    main()
