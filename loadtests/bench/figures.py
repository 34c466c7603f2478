"""Figures: what was measured over interleaved rounds, and how they are printed beside each other."""

import asyncio
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from loadtests.bench.client import send_all
from loadtests.bench.servers import Server


@dataclass(frozen=True)
class Figure:
    """One way to do the work: a rate per second, from each round."""

    name: str
    rates: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle round."""
        return statistics.median(self.rates)


@dataclass(frozen=True)
class Ratio:
    """A figure against another of the same run, and what it should at least be (4-pipeline 4.4), if anything."""

    figure: Figure
    yardstick: Figure
    goal: float | None = None


@dataclass(frozen=True)
class Table:
    """What a benchmark found."""

    title: str
    figures: list[Figure]
    ratios: list[Ratio]

    def lines(self) -> Iterator[str]:
        """Medians with the spread over the rounds, then the ratios of the medians."""
        yield self.title
        for figure in self.figures:
            spread = f"{min(figure.rates):,.0f} to {max(figure.rates):,.0f}"
            yield f"  {figure.name:64} {figure.median:9,.0f}   ({spread})"
        for ratio in self.ratios:
            wanted = "" if ratio.goal is None else f"   (goal: {ratio.goal:g})"
            what = f"{ratio.figure.name} ÷ {ratio.yardstick.name}"
            yield f"  {what:64} {ratio.figure.median / ratio.yardstick.median:9.2f}{wanted}"


def measure(target: Server, requests: list[bytes]) -> float:
    """Send these once, all must be answered 202; requests per CPU second of the server process."""
    before = target.cpu_seconds()
    statuses = asyncio.run(send_all(target.url, requests))
    if statuses != {202: len(requests)}:
        raise AssertionError(f"not every request was accepted: {dict(statuses)}")
    return len(requests) / (target.cpu_seconds() - before)
