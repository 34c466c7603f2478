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


def moment_of_recheck(start: datetime, end: datetime | None, now: datetime, chance: float) -> datetime:
    """The moment of a re-check, evenly spread over what is left of the session's middle; ``chance`` in [0, 1).

    Where nothing is left of it: now.
    """
    length = (end or start + USUAL_LENGTH) - start
    first = max(now, start + FIRST_SHARE * length)
    last = max(first, start + LAST_SHARE * length)
    return first + chance * (last - first)


def number_to_ask(there: int, share: float) -> int:
    """How many of those who are there a share of them is: at least one."""
    return math.ceil(there * share)
