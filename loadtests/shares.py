"""Where the cores go: the CPU that each of our processes used, as shares of one core."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil

from deploy.stack.parts import POOLS

Shares = dict[str, float]
"""Process → cores; filled when the block ends."""


@contextmanager
def shares() -> Iterator[Shares]:
    """The cores that this process and everybody it started used during the block, by what they are."""
    found: Shares = {}
    before, begun = _seconds(), time.monotonic()
    yield found
    elapsed = time.monotonic() - begun
    found |= {name: (used - before.get(name, 0.0)) / elapsed for name, used in _seconds().items()}


def lines(found: Mapping[str, float]) -> Iterator[str]:
    """As a table, the dearest first."""
    yield f"cores used, of {os.cpu_count()}"
    for name, cores in sorted(found.items(), key=lambda item: -item[1]):
        yield f"  {name:24} {cores:6.2f}"
    yield f"  {'all of it':24} {sum(found.values()):6.2f}"


def _seconds() -> dict[str, float]:
    used: defaultdict[str, float] = defaultdict(float)
    ours = psutil.Process()
    for process in (ours, *ours.children(recursive=True)):
        try:
            times, name = process.cpu_times(), "generator" if process == ours else _name(process)
        except psutil.NoSuchProcess:
            continue
        used[name] += times.user + times.system
    return dict(used)


def _name(process: psutil.Process) -> str:
    """What a process is, by its command line; the processes of a pool count as their worker."""
    words = process.cmdline()
    if "-Q" in words:
        queue = words[words.index("-Q") + 1]
        return f"workers: {queue}" if queue in POOLS else queue
    if "beat" in words:
        return "scheduler"
    for name in ("api", "gateway"):
        if words[1:3] == ["-m", name]:
            return name
    return "stack" if "deploy.cli" in words else process.name()
