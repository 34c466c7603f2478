"""Everybody in a room who gets the same bytes, laid out for writing them a million times. No I/O.

What a push costs is what is touched for each of them. Of nearly everybody that is the number of their socket and
nothing else: who needs more than a write is found out beforehand, and whenever that changes, so does the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from gateway.hub import Subscription


Item = TypeVar("Item")
SLICE = 200
"""Sockets written to before others get their turn on the loop."""


@dataclass(eq=False, slots=True)
class Row:
    """In slices, ``files``: the sockets that take what comes just as it is, and ``whose`` they are; and ``others``, who
    are to be looked at one by one, ``is_passing``, some of them for this once.

    ``is_stale``: a socket in it may not be what it was, and not even be theirs any more. Whoever changes what somebody
    needs, their ``floor``, ``has_missed`` or the state of their socket, says so (:meth:`gateway.room.Room.shuffle`).
    Then it holds for every later strip, too, since versions go up.
    """

    files: list[list[int]]
    whose: dict[int, Subscription]
    others: list[list[Subscription]]
    is_passing: bool
    is_stale: bool = False


def row_of(everybody: Iterable[Subscription], starts: int) -> Row:
    """Lay out these, for a strip that starts with this version, and later ones."""
    whose: dict[int, Subscription] = {}
    others, is_passing = [], False
    for subscription in everybody:
        file = subscription.outlet.file
        needs_more = subscription.has_missed or subscription.floor >= starts
        if file is None or needs_more:
            others.append(subscription)
            is_passing = is_passing or file is not None
        else:
            whose[file] = subscription
    return Row(_sliced(list(whose)), whose, _sliced(others), is_passing)


def _sliced(items: list[Item]) -> list[list[Item]]:
    return [items[start : start + SLICE] for start in range(0, len(items), SLICE)]
