"""Resuming, as a rule: every missed push, or none and a reason (3-realtime 3.2)."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from gateway.pushes import Push

MAX_VERSION = 2**53
"""Versions beyond what a browser can count are nobody's."""


class Gap(StrEnum):
    """Why history cannot bridge: the ``reason`` of a RESYNC."""

    NEW_EPOCH = "new_epoch"
    AHEAD = "ahead_of_channel"
    TRIMMED = "history_trimmed"


class Position(msgspec.Struct, frozen=True):
    """A place in a channel: versions count up within an epoch."""

    version: int
    epoch: str


class Reading(msgspec.Struct, frozen=True):
    """A channel's top, and the pushes that its history still has after the version asked for, in order."""

    top: Position
    later: Sequence[Push] = ()


def missed(version: int, epoch: str | None, reading: Reading) -> list[Push] | Gap:
    """The pushes after a position up to the top, all of them; or why they cannot be had."""
    top = reading.top
    if epoch != top.epoch:
        return Gap.NEW_EPOCH
    if not 0 <= version <= top.version:
        return Gap.AHEAD
    found = [push for push in reading.later if version < push.version <= top.version and push.epoch == top.epoch]
    return found if len(found) == top.version - version else Gap.TRIMMED


def readable(version: int | None) -> int | None:
    """The version to read history from; ``None`` where there is nothing to read."""
    return version if version is not None and 0 <= version <= MAX_VERSION else None
