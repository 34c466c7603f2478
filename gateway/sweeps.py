"""What is looked at for all sockets at once, every so often: expiry, logouts, rights, channel tops.

One sweep instead of a task per socket: ten thousand timers would cost more than the sockets.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog

from gateway import answers
from gateway.answers import Problem
from gateway.asking import AWAY
from gateway.closing import Close
from gateway.hub import Client, Holder, Hub
from gateway.identification import Identification
from gateway.relay import Relay
from gateway.rights import Facts, Projections, Right, right_of
from gateway.witness import Witness

CHUNK = 500
"""Identities asked about in one command, with two keys each; and how many are looked at before others have a turn."""
SESSIONS = 10
"""Sessions asked about together."""

log = structlog.get_logger()


class Sweeps:
    """The checks. ``hold_seconds`` is how long a right counts that nobody can confirm."""

    def __init__(
        self,
        hub: Hub,
        relay: Relay,
        identification: Identification,
        projections: Projections,
        witness: Witness,
        hold_seconds: float,
    ) -> None:
        self._hub = hub
        self._relay = relay
        self._identification = identification
        self._projections = projections
        self._witness = witness
        self._hold_seconds = hold_seconds

    async def expiry(self) -> None:
        """Close the sockets whose token has expired."""
        for client in self._hub.expiries.due(datetime.now(UTC)):
            client.outlet.close(Close.EXPIRED)

    async def logouts(self) -> None:
        """Close the sockets of tokens logged out and of people disabled while the control message was missed."""
        identities = [client.identity for client in self._hub.clients]
        for start in range(0, len(identities), CHUNK):
            if ended := await self._identification.ended(identities[start : start + CHUNK]):
                self.close_where(lambda client, ended=ended: client.identity in ended)  # type: ignore[misc]

    async def rights(self, session_id: UUID | None = None) -> None:
        """Ask again who may still see what: everywhere, or in one session."""
        sessions = list(self._hub.sessions() if session_id is None else [session_id])
        for start in range(0, len(sessions), SESSIONS):
            await self._ask_again(sessions[start : start + SESSIONS])

    async def tops(self) -> None:
        """Compare every channel with its top."""
        await self._relay.check_tops()

    def close_where(self, dead: Callable[[Client], bool]) -> None:
        """Close the sockets of tokens and people that may do nothing more."""
        for client in list(self._hub.clients):
            if dead(client):
                client.outlet.close(Close.DISABLED)

    async def _ask_again(self, sessions: Sequence[UUID]) -> None:
        # Whoever comes from now on is let in by what is known later than this.
        held = {session_id: holders for session_id in sessions if (holders := self._hub.holders(session_id))}
        people = {session_id: {holder.identity.user_id for holder in holders} for session_id, holders in held.items()}
        for session_id, facts in (await self._projections.facts(people)).items():
            if facts is not None:
                self._witness.learn(session_id, facts)
            for start in range(0, len(held[session_id]), CHUNK):
                self._judge(held[session_id][start : start + CHUNK], facts)
                await asyncio.sleep(0)

    def _judge(self, holders: Sequence[Holder], facts: Facts | None) -> None:
        now = asyncio.get_running_loop().time()
        for holder in holders:
            right = right_of(holder.identity, facts)
            if holder.rests_on(right):
                holder.confirmed_at = now
            elif right is not Right.UNKNOWN or now - holder.confirmed_at >= self._hold_seconds:
                self._take_away(holder, right)

    def _take_away(self, holder: Holder, right: Right) -> None:
        """Another right than before, or none that can be told: whoever asks again is told which."""
        if isinstance(holder, Client):
            holder.outlet.close(Close.TRY_AGAIN if right is Right.UNKNOWN else Close.FORBIDDEN)
            return
        channel = holder.room.channel
        if holder.client.subscriptions.get(channel) is holder:
            self._relay.leave(holder.client, channel)
            problem = Problem.FORBIDDEN if right is Right.NONE else Problem.UNAVAILABLE
            holder.client.tell(answers.error(problem, channel))


async def every(seconds: float, sweep: Callable[[], Awaitable[None]]) -> None:
    """Run a sweep again and again. Redis being away is no reason to stop: the next one makes up for it."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await sweep()
        except AWAY as error:
            log.warning("sweep not finished", reason=type(error).__name__)
