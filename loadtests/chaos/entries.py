"""Faults in what waits: delivered again, shuffled, and what nobody can apply; and the list of all that was done."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from signal import Signals
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine

from loadtests.chaos.rig import Rig
from shared import keys
from shared.domain.words import Mark, Via
from shared.ids import new_id
from shared.inbox import PUT
from shared.messages.events import CheckInAccepted, encode
from shared.redis import sync_redis

COPIES = 40
"""Entries copied at most in one go, while the drain stands still for a moment so that there are any."""
FROZEN_DRAIN_SECONDS = 0.7


@dataclass(slots=True)
class Done:
    """What was injected."""

    kills: Counter[str]
    faults: Counter[str]
    poison: set[bytes]
    """Payloads that must end as dead letters."""
    perhaps_poison: set[bytes]
    """Payloads of which nobody knows whether they reached the stream."""
    copies: int = 0
    left_out: set[str] = field(default_factory=set)
    """Faults that this machine does not allow."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What was measured while something was away, and after."""


class Entries:
    """Tampers with the stream and the inbox of a rig."""

    def __init__(self, rig: Rig, owner: Engine, done: Done, chance: Random) -> None:
        self.done = done
        self._rig = rig
        self._owner = owner
        self._chance = chance
        self._redis: Any = sync_redis(rig.direct)

    async def poison(self) -> None:
        """Entries nobody can apply: one that cannot be read, one of strangers."""
        payloads = [b"\xc1" + uuid4().bytes, encode(_stranger())]
        self.done.perhaps_poison |= set(payloads)
        if await self._to_redis(lambda: [self._redis.xadd(keys.EVENTS, {"0": payload}) for payload in payloads]):
            self.done.poison |= set(payloads)
            self.done.faults["poison entries"] += len(payloads)

    async def copy(self) -> None:
        """Deliver again, shuffled: some of what waits in the stream, half of it by the inbox."""
        self._rig.send_group("events", Signals.SIGSTOP)
        try:
            await asyncio.sleep(FROZEN_DRAIN_SECONDS)
            entries = await self._to_redis(lambda: self._redis.xrange(keys.EVENTS, count=COPIES))
        finally:
            self._rig.send_group("events", Signals.SIGCONT)
        copied = [payload for _, fields in entries or [] for payload in fields.values()]
        copied = [payload for payload in copied if payload not in self.done.perhaps_poison]
        self._chance.shuffle(copied)
        half = len(copied) // 2
        if copied and await self._to_redis(
            lambda: [self._redis.xadd(keys.EVENTS, {"0": one}) for one in copied[:half]]
        ):
            self.done.copies += half
        if await asyncio.to_thread(self._to_inbox, copied[half:]):
            self.done.copies += len(copied) - half
        self.done.faults["copied and reordered"] += 1

    def _to_inbox(self, payloads: list[bytes]) -> bool:
        try:
            with self._owner.begin() as connection:
                connection.execute(PUT, {"payloads": payloads})
        except Exception:  # noqa: BLE001 - the database may be away by another fault
            return False
        return bool(payloads)

    async def _to_redis(self, call: Callable[[], Any]) -> Any:
        try:
            return await asyncio.to_thread(call)
        except Exception:  # noqa: BLE001 - Redis may be away by another fault
            return None


def _stranger() -> CheckInAccepted:
    """A check-in of somebody who does not exist in a session that does not exist."""
    now = datetime.now(UTC)
    return CheckInAccepted(new_id(), new_id(), new_id(), Mark.PRESENT, Via.TOKEN, now, now)
