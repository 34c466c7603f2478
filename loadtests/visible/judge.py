"""What must hold of a steady stream: nobody refused, nothing unseen, and in time."""

from collections.abc import Iterator

from loadtests.chaos.watch import percentile
from loadtests.visible.stream import Stream

P50, P99 = 0.1, 1.0
"""Seconds at most (4-pipeline 4.4)."""
LEAST_RATE = 0.95
"""Share of the rate that was asked for; what is less was measured under less."""
FEWEST = 100
"""Samples below which a p99 is whatever the slowest of them was."""


def judge(found: Stream, rate: float) -> list[str]:
    """Everything that is wrong where ``rate`` events a second were to be sent, a line each."""
    failures = [f"{count} times {what}" for what, count in found.seen.failures.most_common()]
    return [*found.wrong, *failures, *_few(found, rate), *_slow(found)]


def ways(found: Stream) -> dict[str, list[float]]:
    """The seconds of each way to be seen."""
    return {"accepted → teacher's socket": found.shown, "accepted → connection-status": found.read}


def _few(found: Stream, rate: float) -> Iterator[str]:
    if (accepted := found.accepted.total() / found.seconds) < LEAST_RATE * rate:
        yield f"{accepted:,.0f} events per second were accepted, {rate:,.0f} were to be: nothing is proven"
    for name, seconds in ways(found).items():
        if len(seconds) < FEWEST:
            yield f"{name}: was measured {len(seconds)} times, at least {FEWEST} are needed: nothing is proven"


def _slow(found: Stream) -> Iterator[str]:
    for name, seconds in ways(found).items():
        for mark, most in ((0.5, P50), (0.99, P99)):
            if (took := percentile(seconds, mark)) > most:
                yield f"{name}: p{mark * 100:g} is {took * 1000:,.0f} ms, at most {most * 1000:,.0f} are allowed"
