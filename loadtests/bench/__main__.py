"""``python -m loadtests.bench [NAME …]``: benchmarks, as ratios of this run. Ends by itself, talks to loopback only."""

import argparse
from collections.abc import Callable, Iterable, Sequence

from deploy.stack.local import LocalServices, local_services, temporary_home
from loadtests.bench import checkins, codes, drain, growth, heartbeats, marking, sockets
from loadtests.bench.servers import leave_the_server_its_core
from shared.migrations import migrate

BENCHMARKS: dict[str, Callable[[LocalServices], Iterable[str]]] = {
    "checkins": checkins.run,
    "heartbeats": heartbeats.run,
    "drain": drain.run,
    "marking": marking.run,
    "codes": codes.run,
    "sockets": sockets.run,
    "growth": growth.run,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and print. The services are durable here (fsync on): what is measured is what is promised."""
    parser = argparse.ArgumentParser("python -m loadtests.bench", description="Throughput beside the alternatives.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)} (default: all)")
    names = parser.parse_args(arguments).names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    leave_the_server_its_core()
    for name in names:
        # Services of its own for each: none starts with the backlog of another.
        with temporary_home() as home, local_services(home, environment={}) as local:
            migrate(local.database_url)
            lines = [*BENCHMARKS[name](local)]
        print("", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    main()
