"""``python -m loadtests.visible``: from accepted to visible, at a steady rate, against a whole stack of its own.

Exit 1 when anything was refused, a dashboard was wrong, or it took too long. Loopback only.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence

import uvloop

from loadtests.campus import build_classes, let_redis_know
from loadtests.chaos.watch import percentile
from loadtests.load.running import own_stack
from loadtests.shares import lines
from loadtests.visible.stream import Stream, stream

SESSIONS, STUDENTS = 150, 80
"""Enough that nobody reports more often than a person may, and that check-ins last for half a minute at 3,000/s."""
P50, P99 = 0.1, 1.0
"""Seconds at most (4-pipeline 4.4)."""


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
    wrong = list(_wrong(found))
    print("\n".join([*_report(found), *(f"WRONG: {line}" for line in wrong)]))
    return bool(wrong)


def _report(found: Stream) -> Iterator[str]:
    yield f"{found.accepted.total() / found.seconds:,.0f} events per second accepted: {dict(found.accepted)}"
    yield f"{'ms':40}{'count':>9}{'p50':>9}{'p99':>9}{'longest':>9}"
    for name, seconds in {**found.seen.seconds, **_ways(found)}.items():
        figures = "".join(f"{percentile(seconds, mark) * 1000:9,.0f}" for mark in (0.5, 0.99, 1.0))
        yield f"  {name:38}{len(seconds):9,}{figures}"
    yield from lines(found.cores)


def _ways(found: Stream) -> dict[str, list[float]]:
    return {"accepted → teacher's socket": found.shown, "accepted → connection-status": found.read}


def _wrong(found: Stream) -> Iterator[str]:
    yield from found.wrong
    yield from (f"{count} times {what}" for what, count in found.seen.failures.most_common())
    for name, seconds in _ways(found).items():
        for mark, most in ((0.5, P50), (0.99, P99)):
            if (took := percentile(seconds, mark)) > most or not seconds:
                yield f"{name}: p{mark * 100:g} is {took * 1000:,.0f} ms, at most {most * 1000:,.0f} are allowed"


if __name__ == "__main__":
    sys.exit(main())
