"""Calls to confirm that a session makes by itself: when, and how many are asked (docs/calls.md).

A re-check comes at a moment that nobody can foresee. Chance comes in as an argument; whoever draws it keeps it to
themselves until the moment has come.
"""

import math
from datetime import datetime, timedelta

USUAL_LENGTH = timedelta(hours=1)
"""What a session without a planned end is taken to last."""

FIRST_SHARE, LAST_SHARE = 0.15, 0.9
"""Of the session, between which the moment lies: people still arrive before, and after it they would be asked twice
where there is an exit check."""


SHORTEST_ANSWER = timedelta(seconds=30)
"""What everybody has to answer in; where less is left before a call must be over it is not made."""


def moment_of_recheck(
    start: datetime, end: datetime | None, now: datetime, chance: float, reserved: timedelta
) -> datetime:
    """The moment of a re-check, evenly spread over what is left of the session's middle; ``chance`` in [0, 1).

    ``reserved`` is kept free before a planned end: the time to answer, and an exit check where there is one.
    Where nothing is left of it: now.
    """
    length = (end or start + USUAL_LENGTH) - start
    first = max(now, start + FIRST_SHARE * length)
    last = start + LAST_SHARE * length
    if end is not None:
        last = min(last, end - reserved)
    return first + chance * (max(first, last) - first)


def closing(now: datetime, seconds: int, over_by: datetime | None) -> datetime:
    """When a call that a session makes now closes: after ``seconds``, or when it must be over if that is sooner."""
    usual = now + timedelta(seconds=seconds)
    return usual if over_by is None else min(usual, over_by)


def number_to_ask(there: int, share: float) -> int:
    """How many of those who are there a share of them is: at least one."""
    return math.ceil(there * share)
