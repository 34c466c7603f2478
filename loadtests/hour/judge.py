"""What must hold after an hour change: nobody refused, nothing lost, nothing twice, and in time."""

from collections.abc import Iterator

from loadtests.chaos.watch import percentile
from loadtests.hour.change import Change

MOST_SECONDS = 2.0
"""p99 of a check-in, and of its way to the dashboard (4-pipeline 4.4)."""
MOST_LATE = 1.0
"""p99 of the generator itself, seconds: above it the hour was not as steep as is claimed, whatever came out."""


def judge(found: Change, people: int) -> list[str]:
    """Everything that is wrong, a line each."""
    return [*_unproven(found), *found.wrong, *_refused(found, people), *_slow(found)]


def _unproven(found: Change) -> Iterator[str]:
    if (late := percentile(found.late, 0.99)) > MOST_LATE:
        yield f"the generator was late by {late:.1f} s at p99, at most {MOST_LATE:g} are allowed: nothing is proven"


def _refused(found: Change, people: int) -> Iterator[str]:
    for what, count in found.seen.failures.most_common():
        yield f"{count} students: {what}"
    if len(found.seen.accepted) != people:
        yield f"{len(found.seen.accepted):,} of {people:,} checked in"
    if found.seen.stayed != people:
        yield f"{found.seen.stayed:,} of {people:,} sockets stayed open: {dict(found.seen.sockets.closes)}"


def _slow(found: Change) -> Iterator[str]:
    for what, seconds in (("check-in", found.seen.seconds["check-in"]), ("check-in → dashboard", found.journeys)):
        if (took := percentile(seconds, 0.99)) > MOST_SECONDS or not seconds:
            yield f"{what}: p99 of {len(seconds):,} is {took:.2f} s, at most {MOST_SECONDS:g} are allowed"
