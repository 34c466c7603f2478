"""How many sockets a person has, over all gateways (2-http-api 2.6).

Each gateway writes how many it holds itself, under a key that lives as long as it does: when it crashes its sockets
are forgotten within :data:`LIFE`, and a number that was lost is right again with the next socket of that person.
"""

import asyncio
from collections.abc import Callable, Iterable
from uuid import UUID, uuid4

import structlog

from gateway.asking import AWAY, Asking
from gateway.pulse import Pinged
from gateway.redis_link import Command
from shared import keys, lua
from shared.messages import control

BEAT = 10.0
LIFE = 30
"""How long a gateway is taken to be alive after a beat, seconds."""
HASH_LIFE = 86_400
"""No socket lives longer than its token, and no token longer than a day."""
TOGETHER = 500
ANSWER_SECONDS = 2.0
"""What a living socket needs to answer a ping, generously."""

log = structlog.get_logger()


class Seats:
    """Counts sockets per person. ``most`` is how many they may have; ``ask_soon`` has a socket pinged at once."""

    def __init__(self, asking: Asking, most: int, ask_soon: Callable[[Pinged], None]) -> None:
        self._asking = asking
        self._most = most
        self._ask_soon = ask_soon
        self._id = uuid4().hex
        self._script = lua.script("seat")
        self._taken: dict[UUID, list[Pinged]] = {}
        self._changed: set[UUID] = set()
        self._left: set[UUID] = set()
        self._something = asyncio.Event()

    def claim(self, user_id: UUID, socket: Pinged) -> Command:
        """Count this socket, and what to ask Redis: 1 is a seat. Whoever gets none, or no answer, is to be freed."""
        theirs = self._taken.setdefault(user_id, [])
        theirs.append(socket)
        arguments = (keys.gateway(""), self._id, len(theirs), self._most, HASH_LIFE)
        return ("EVAL", self._script, 1, keys.sockets(user_id), *arguments)

    async def make_room(self, user_id: UUID) -> bool:
        """Whether there may be a seat now where there was none: somebody whose network changed comes back while the
        sockets they had are not known to be dead. Those that are here are asked, and who does not answer makes room."""
        others = list(self._taken.get(user_id, ()))
        for other in others:
            self._ask_soon(other)
        await asyncio.sleep(ANSWER_SECONDS)
        dead = [other for other in others if other.is_asked]
        for other in dead:
            other.silent()
            self.free(user_id, other)
        return bool(dead)

    def free(self, user_id: UUID, socket: Pinged, *, leaves: bool = False) -> None:
        """A seat is free again, if it was taken; Redis hears of it at once.

        ``leaves``: their goodbye was taken down. One closed tab of several is none, so the others are asked.
        """
        theirs = self._taken.get(user_id, [])
        if socket not in theirs:
            return
        theirs.remove(socket)
        if not theirs:
            del self._taken[user_id]
        self._changed.add(user_id)
        if leaves:
            self._left.add(user_id)
        self._something.set()

    def ask(self, user_ids: Iterable[UUID]) -> None:
        """Ask the sockets that these people have here: an answer is a proof of life."""
        for user_id in user_ids:
            for socket in self._taken.get(user_id, ()):
                self._ask_soon(socket)

    async def beat(self) -> None:
        """Say that this gateway lives; raises ``RedisError``."""
        await self._asking.ask(("SET", keys.gateway(self._id), 1, "EX", LIFE))

    async def run(self) -> None:
        """Tell Redis of seats that are free, until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                await self.tell()
            except AWAY as error:
                log.warning("free seats not told yet", reason=type(error).__name__)
                self._something.set()
                await asyncio.sleep(1.0)

    async def tell(self) -> None:
        """Write the numbers that changed; raises ``RedisError``, and they stay to be written. Tell who left."""
        while self._changed:
            some = list(self._changed)[:TOGETHER]
            self._changed.difference_update(some)
            try:
                await self._asking.ask(*map(self._number, some))
            except BaseException:
                self._changed.update(some)
                raise
        await self._tell_who_left()

    async def _tell_who_left(self) -> None:
        """Where they are elsewhere too. What is lost of this is made up for by the next ping there."""
        while self._left:
            some = list(self._left)[:TOGETHER]
            self._left.difference_update(some)
            gateways = await self._asking.ask(*[("HLEN", keys.sockets(user_id)) for user_id in some])
            elsewhere = [who for who, count in zip(some, gateways, strict=True) if count > (who in self._taken)]
            if elsewhere:
                order = control.encode(control.TabsClosed(elsewhere))
                await self._asking.ask(("PUBLISH", keys.CONTROL, order))

    async def stop(self, seconds: float) -> None:
        """This gateway ends: what it held is nobody's."""
        try:
            async with asyncio.timeout(seconds):
                await self._asking.ask(("DEL", keys.gateway(self._id)))
        except AWAY as error:
            log.warning("seats stay taken for a moment", reason=type(error).__name__)

    def _number(self, user_id: UUID) -> Command:
        name, mine = keys.sockets(user_id), len(self._taken.get(user_id, ()))
        return ("HSET", name, self._id, mine) if mine else ("HDEL", name, self._id)
