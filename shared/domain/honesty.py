"""Patterns in check-ins that a person should look at (5-security, live relay). A flag never changes a mark.

A code that is passed on by photo or chat arrives late in its step, and those it is passed to arrive together. Both
happen to honest people by chance; a pattern is what chance makes too unlikely. The chances are set above what honest
people show (``python -m loadtests.honesty`` prints how many of them are bothered), the limits so that a class of a
hundred is bothered about once in a term.
"""

from math import comb

LATE_CHANCE = 0.2
"""How often an honest scan comes after its step has ended: the seconds a phone takes, of a step's fifteen."""

NEAR_CHANCE = 0.45
"""How often two who always sit together check in right after each other."""

NEAR_SECONDS = 3.0
HABIT_LIMIT = 1e-3
BURST_LIMIT = 1e-4
PAIR_LIMIT = 1e-4
FEWEST = 4
"""Below this many nothing is a pattern."""


def chance_of(times: int, of: int, each: float) -> float:
    """How likely it is that something with this chance happens so many times or more (binomial tail)."""
    return sum(comb(of, hit) * each**hit * (1 - each) ** (of - hit) for hit in range(times, of + 1))


def is_late_habit(late: int, check_ins: int) -> bool:
    """Whether somebody's codes arrive after their step again and again."""
    return late >= FEWEST and chance_of(late, check_ins, LATE_CHANCE) < HABIT_LIMIT


def is_burst(late: int, in_step: int) -> bool:
    """Whether one step was redeemed by too many after it had ended, as when its picture went round."""
    return late >= FEWEST and chance_of(late, in_step, LATE_CHANCE) < BURST_LIMIT


def is_pair(together: int, in_common: int) -> bool:
    """Whether two check in right after each other too often for friends who sit side by side."""
    return together >= FEWEST and chance_of(together, in_common, NEAR_CHANCE) < PAIR_LIMIT
