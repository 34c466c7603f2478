"""How much somebody may ask for in a minute: a sliding window from two counters.

The minute before weighs as much of its count as still lies within the last 60 s, as if it had been spread evenly. So
nobody gets twice the allowance around the full minute, and two numbers per person are enough.
"""

from math import ceil

WINDOW_SECONDS = 60


def seconds_to_wait(before: int, now: int, most: int, elapsed: float) -> int:
    """Whole seconds until one more is free; 0 when ``now``, which includes the one that asks, is within ``most``.

    ``before`` is the count of the minute before, ``elapsed`` how much of this minute has passed, in seconds.
    """
    left = WINDOW_SECONDS - elapsed
    if before * left / WINDOW_SECONDS + now <= most:
        return 0
    room = most - now - 1
    if room >= 0:  # what happened the minute before goes out of sight first
        return max(1, ceil(left - WINDOW_SECONDS * room / before))
    return max(1, ceil(left + WINDOW_SECONDS * (1 - (most - 1) / now)))
