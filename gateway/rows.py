"""Everybody in a room who gets the same bytes, laid out for writing them a million times. No I/O.

What a push costs is what is touched for each of them. Of nearly everybody that is the number of their socket and
nothing else: who needs more than a write is found out beforehand, and whenever that changes, so does the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.hub import Subscription


@dataclass(eq=False, slots=True)
class Row:
    """``files``: the sockets that take what comes just as it is, and whose they are. ``others`` are to be looked at one
    by one; ``is_passing``, some of them for this once. ``is_stale``: a socket in it may not be what it was, and not
    even be theirs any more."""

    files: dict[int, Subscription] = field(default_factory=dict)
    others: list[Subscription] = field(default_factory=list)
    is_passing: bool = False
    is_stale: bool = False

    @classmethod
    def of(cls, everybody: Iterable[Subscription], starts: int) -> Row:
        """Lay out these, for pushes of this version and later ones."""
        row = cls()
        for subscription in everybody:
            file = subscription.outlet.file
            if file is None:
                row.others.append(subscription)
            elif subscription.has_missed or subscription.floor >= starts:
                row.others.append(subscription)
                row.is_passing = True
            else:
                row.files[file] = subscription
        return row
