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
from loadtests.gateway.rounds import FANOUTS, Result, arrivals, in_turns, median, stands

RIVALS = Path(".muster/rivals")
"""Where what others made is unpacked; the next run finds it there."""
ROUNDS = 5
CONNECT_GOAL, KILOBYTES_GOAL, CORE_GOAL, HEARD_GOAL = 1.3, 15.0, 0.035, 0.95


def main() -> None:
    """Run and print."""
    leave_the_server_its_core()
    RIVALS.mkdir(parents=True, exist_ok=True)
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with temporary_home() as home, local_services(home, environment={}) as local:
        everybody = contestants(local, RIVALS.resolve())
        fan_outs(connecting(everybody))
        at_rest(everybody[:2], local)


def connecting(everybody: Sequence[Contestant]) -> list[Contestant]:
    """CPU of connecting; those who could be connected to."""
    found: dict[str, list[Result]] = {one.name: [] for one in everybody}
    for _ in range(ROUNDS):
        for contestant in everybody:
            if contestant.name in found:
                try:
                    found[contestant.name].append(arrivals(contestant))
                except (OSError, RuntimeError, AssertionError, TimeoutError) as error:
                    print(f"{contestant.name} is left out: {error}")
                    del found[contestant.name]
    _print(f"G7: connecting: µs of CPU per socket, ÷ the first (goal ≤ {CONNECT_GOAL}, authenticated)",
           {name: median(results) for name, results in found.items()})  # fmt: skip
    return [one for one in everybody if one.name in found]


def fan_outs(everybody: Sequence[Contestant]) -> None:
    """CPU and latency of deliveries."""
    for channels in (1, 10):
        with stands(everybody, channels) as up:
            for work in FANOUTS:
                if work.channels == channels:
                    head = f"µs of CPU per delivery, ÷ the first (goal ≤ {work.goal}); ms p50, p99, ÷ the first"
                    _print(f"{work.name}: {head}", in_turns(up, work, ROUNDS))


def _print(head: str, results: dict[str, Result]) -> None:
    print(f"\n{head}")
    first = next(iter(results.values()))
    for name, found in results.items():
        late = ""
        if found.p50:
            late = f"{found.p50:8.1f} {found.p99:8.1f} {found.p50 / first.p50:8.2f} {found.p99 / first.p99:5.2f}"
        print(f"  {name:28} {found.micros:7.2f}  {found.micros / first.micros:5.2f} {late}", flush=True)


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
