"""``python -m loadtests.visible``: from accepted to visible, at a steady rate, against a whole stack of its own.

Exit 1 when anything was refused or not seen, a dashboard was wrong, it took too long, or too little was measured.
Loopback only.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence

import uvloop

from loadtests.campus import build_classes, let_redis_know
from loadtests.chaos.watch import percentile
from loadtests.load.running import own_stack
from loadtests.shares import lines
from loadtests.visible.judge import judge, ways
from loadtests.visible.stream import Stream, stream

SESSIONS, STUDENTS = 150, 80
"""Enough that nobody reports more often than a person may, and that check-ins last for half a minute at 3,000/s."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.visible", description="From accepted to visible.")
    parser.add_argument("--rate", type=float, default=3000.0, help="events per second [3000]")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long [30]")
    options = parser.parse_args(arguments)
    with own_stack() as settings:
        classes = build_classes(settings.database_url, settings, cohorts=SESSIONS, size=STUDENTS)
        let_redis_know(settings)
        print(f"{options.rate:,.0f} events per second for {options.seconds:g} s", flush=True)
        found: Stream = uvloop.run(stream(settings, classes, options.rate, options.seconds))
    wrong = judge(found, options.rate)
    print("\n".join([*_report(found), *(f"WRONG: {line}" for line in wrong)]))
    return bool(wrong)


def _report(found: Stream) -> Iterator[str]:
    yield f"{found.accepted.total() / found.seconds:,.0f} events per second accepted: {dict(found.accepted)}"
    yield f"{'ms':40}{'count':>9}{'p50':>9}{'p99':>9}{'longest':>9}"
    for name, seconds in {**found.seen.seconds, **ways(found)}.items():
        figures = "".join(f"{percentile(seconds, mark) * 1000:9,.0f}" for mark in (0.5, 0.99, 1.0))
        yield f"  {name:38}{len(seconds):9,}{figures}"
    yield from lines(found.cores)


if __name__ == "__main__":
    sys.exit(main())
