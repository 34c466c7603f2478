"""A course's policy: the thresholds a suggestion is computed with (1-domain 1.3)."""

import math
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

DEFAULT_VERSION = 0
"""The version of the defaults, before a course has a policy of its own (those count from 1)."""

MOST_MINUTES = 24 * 60
MOST_CONNECTS = 1_000


@dataclass(frozen=True, slots=True)
class Policy:
    """The seven thresholds, in minutes and percent, and the version that suggestions name."""

    late_after_minutes: float = 5.0
    absent_after_minutes: float = 15.0
    low_engagement: float = 30.0
    medium_engagement: float = 40.0
    high_engagement: float = 70.0
    short_session_minutes: float = 15.0
    max_connects: int = 3
    version: int = DEFAULT_VERSION


DEFAULTS = Policy()

_MINUTES = ("late_after_minutes", "absent_after_minutes", "short_session_minutes")
_PERCENTAGES = ("low_engagement", "medium_engagement", "high_engagement")
_ORDER = (
    ("late_after_minutes", "absent_after_minutes"),
    ("low_engagement", "medium_engagement"),
    ("medium_engagement", "high_engagement"),
)
"""The second is at least the first: rows of the table would otherwise contradict each other."""


def minutes(threshold: float) -> timedelta:
    """A threshold in minutes, to the microsecond, as check-ins are judged by it too."""
    return timedelta(minutes=threshold)


def percent(threshold: float) -> Fraction:
    """A threshold in percent as it is written: 33.3 means 333/10, not the float beside it."""
    return Fraction(str(threshold))


def policy_errors(policy: Policy) -> dict[str, str]:
    """What makes no sense, by field; empty for a policy that can be used."""
    errors = dict.fromkeys(_beyond(policy, _MINUTES, MOST_MINUTES), f"Must be from 0 to {MOST_MINUTES} minutes.")
    errors |= dict.fromkeys(_beyond(policy, _PERCENTAGES, 100), "Must be from 0 to 100 percent.")
    if not 1 <= policy.max_connects <= MOST_CONNECTS:
        errors["max_connects"] = f"Must be from 1 to {MOST_CONNECTS}."
    for less, more in _ORDER:
        if not errors.keys() & {less, more} and getattr(policy, less) > getattr(policy, more):
            errors[more] = f"Must be at least {less}."
    return errors


def _beyond(policy: Policy, names: tuple[str, ...], most: float) -> list[str]:
    values = {name: getattr(policy, name) for name in names}
    return [name for name, value in values.items() if not (math.isfinite(value) and 0 <= value <= most)]
