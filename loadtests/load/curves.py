"""Curves of a load: how many people there are at a moment, as pure functions of time."""

import math
from collections.abc import Callable

STEPS = 5
STORM_ARRIVAL = 10.0
"""Seconds in which everybody is there before a storm."""

Curve = Callable[[float, float, int], int]
"""(seconds since the start, seconds in all, most people) → people."""


def bell(now: float, total: float, most: int) -> int:
    """Comes and goes: a normal distribution around the middle, the ends at 1 %."""
    spread = total / 2 / math.sqrt(2 * math.log(100))
    return max(1, round(most * math.exp(-((now - total / 2) ** 2) / (2 * spread**2))))


def step(now: float, total: float, most: int) -> int:
    """Five steps up, each as long as the others: where does it begin to hurt?"""
    return max(1, math.ceil(most * min(STEPS, int(now / total * STEPS) + 1) / STEPS))


def soak(now: float, total: float, most: int) -> int:
    """A tenth of the time to arrive, then everybody for the rest: does anything grow?"""
    return max(1, round(most * min(1.0, now / (total / 10))))


def storm(now: float, total: float, most: int) -> int:
    """Everybody quickly, then nobody more: what comes after is made by the people themselves."""
    return max(1, round(most * min(1.0, now / min(STORM_ARRIVAL, total / 2))))


CURVES: dict[str, Curve] = {"bell": bell, "step": step, "soak": soak, "storm": storm}
