"""A database server that the stack runs itself."""

from collections.abc import Callable
from dataclasses import dataclass

from deploy.stack.program import Program


@dataclass(frozen=True, slots=True)
class Service:
    """A prepared server: start ``program``, and once ``answers()`` is true, ``url`` works."""

    url: str
    program: Program
    answers: Callable[[], bool]
