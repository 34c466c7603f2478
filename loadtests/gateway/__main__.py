"""``python -m loadtests.gateway``: our gateway beside others doing the same work, in one run, as ratios.

Redis keeps what it is told in memory, for all of them alike: what a disk takes is no gateway's doing, and is shown at
the end. Latencies are those of a machine that does everything at once; trust the ratios. Ends by itself, loopback only.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from deploy.stack.local import LocalServices, local_services, temporary_home
from loadtests.bench.servers import leave_the_server_its_core
from loadtests.gateway import idle
from loadtests.gateway.contestant import Contestant
from loadtests.gateway.contestants import both, contestants
from loadtests.gateway.rounds import FANOUTS, Contender, Fanout, Result, arrivals, fan_out, in_turns, stands

RIVALS = Path(".muster/rivals")
"""Where what others made is unpacked; the next run finds it there."""
ROUNDS = 5
HEARD_GOAL = 1.05
"""0.95 of the frames a second, as CPU per frame."""
CONNECT_GOAL, KILOBYTES_GOAL, CORE_GOAL = 1.3, 15.0, 0.035


def main() -> None:
    """Run and print."""
    leave_the_server_its_core()
    RIVALS.mkdir(parents=True, exist_ok=True)
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with temporary_home() as home, local_services(home, environment={}, durable=False) as local:
        everybody = contestants(local, RIVALS.resolve())
        fan_outs(connecting(everybody), FANOUTS)
        at_rest(both(local), local)
    with temporary_home() as home, local_services(home, environment={}) as local:
        print("\nwith a Redis that writes all it is told to the disk first, as ours is to")
        fan_outs(both(local), [work for work in FANOUTS if work.channels == 1][:1])


def connecting(everybody: Sequence[Contestant]) -> list[Contestant]:
    """CPU of connecting; those who could be connected to."""
    found = in_turns(everybody, arrivals, ROUNDS)
    _print(f"G7: connecting: µs of CPU per socket, ÷ the first (goal ≤ {CONNECT_GOAL}, authenticated)", found)
    return list(found)


def fan_outs(everybody: Sequence[Contestant], works: Sequence[Fanout]) -> None:
    """CPU and latency of deliveries."""
    for channels in sorted({work.channels for work in works}):
        with stands(everybody, channels) as up:
            for work in works:
                if work.channels == channels:
                    goal = f" (goal ≤ {work.goal})" if work.goal else ""
                    head = f"{work.name}: µs of CPU per delivery, ÷ the first{goal}; ms p50, p99, ÷ the first"
                    _print(head, in_turns(up, partial(fan_out, work=work), ROUNDS))


def _print(head: str, results: Mapping[Contender, Result]) -> None:
    print(f"\n{head}")
    first = next(iter(results.values()))
    for name, found in results.items():
        late = ""
        if found.p50:
            late = f"{found.p50:8.1f} {found.p99:8.1f} {found.p50 / first.p50:8.2f} {found.p99 / first.p99:5.2f}"
        print(f"  {name!s:28} {found.micros:7.2f}  {found.micros / first.micros:5.2f} {late}", flush=True)


def at_rest(both: Sequence[Contestant], local: LocalServices) -> None:
    """Memory, pings and frames from clients, ours beside the yardstick."""
    print(f"\nG8, G9: 10,000 connected: KiB each (goal ≤ {KILOBYTES_GOAL}), % of a core (goal ≤ {CORE_GOAL:.1%})")
    for contestant in both:
        found = idle.idle(contestant, local)
        print(f"  {contestant.name:28} {found.kilobytes:7.1f}  {found.core:6.2%}", flush=True)
    head = f"G10: µs of CPU per frame from a client, ÷ the first (goal ≤ {HEARD_GOAL})"
    _print(head, in_turns(both, idle.heard, ROUNDS))


if __name__ == "__main__":
    main()
