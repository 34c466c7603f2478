"""What an hour change is told in."""

import os
from collections.abc import Iterator, Sequence

from loadtests.chaos.watch import percentile
from loadtests.hour.change import Change
from loadtests.shares import lines

MARKS = (0.5, 0.95, 0.99, 1.0)


def report(found: Change, wrong: Sequence[str]) -> Iterator[str]:
    """How long things took, where the cores went, and what was wrong."""
    heads = ("p50", "p95", "p99", "longest")
    yield f"{'ms':34}{'count':>9}" + "".join(f"{head:>10}" for head in heads)
    rows = {**found.seen.seconds, "check-in → dashboard": found.journeys, "the generator was late by": found.late}
    for name, seconds in rows.items():
        figures = "".join(f"{percentile(seconds, mark) * 1000:10,.0f}" for mark in MARKS)
        yield f"  {name:32}{len(seconds):9,}{figures}"
    yield f"pushes to students: {found.seen.sockets.bytes / 1e6:,.0f} MB"
    yield f"drained {found.drained_after:.1f} s after the last"
    yield from lines(found.cores)
    yield f"load average {os.getloadavg()[0]:.1f}"
    yield from (f"WRONG: {line}" for line in wrong)
    yield "nobody refused, nothing lost, dashboards exact, in time" if not wrong else f"{len(wrong)} things are wrong"
