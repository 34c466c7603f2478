"""What a run must hold, and the comparison; a run that does not hold it ends with status 1."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Threshold:
    """Milliseconds at most, and the share of requests that may fail."""

    p95: float
    p99: float
    failures: float = 0.0


class Row(Protocol):
    """What is known of one name: locust's entry, or a test's."""

    @property
    def num_requests(self) -> int:
        """How often it was asked for."""

    @property
    def fail_ratio(self) -> float:
        """Share of requests that failed."""

    def get_response_time_percentile(self, percent: float) -> float:
        """Milliseconds that this share of requests took at most."""


ANY = "*"
"""Stands for every name without a threshold of its own."""


def misses(rows: Mapping[str, Row], limits: Mapping[str, Threshold], needed: Iterable[str] = ()) -> list[str]:
    """One sentence per threshold that was not held. Names in ``needed`` must have been asked for at all."""
    found = [f"{name}: nothing was measured" for name in needed if name not in rows or not rows[name].num_requests]
    for name, row in sorted(rows.items()):
        limit = limits.get(name) or limits.get(ANY)
        if limit is not None and row.num_requests:
            found += _missed(name, row, limit)
    return found


def _missed(name: str, row: Row, limit: Threshold) -> list[str]:
    found = []
    for percent, most in ((0.95, limit.p95), (0.99, limit.p99)):
        took = row.get_response_time_percentile(percent)
        if took > most:
            found.append(f"{name}: p{percent * 100:.0f} is {took:,.0f} ms, at most {most:,.0f} are allowed")
    if row.fail_ratio > limit.failures:
        found.append(f"{name}: {row.fail_ratio:.2%} failed, at most {limit.failures:.2%} may")
    return found
