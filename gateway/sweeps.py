"""What is looked at for all sockets at once, every so often: expiry, logouts, rights, channel tops.

One sweep instead of a task per socket: ten thousand timers would cost more than the sockets.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from uuid import UUID

import structlog

from gateway import answers
from gateway.answers import Problem
from gateway.asking import AWAY
from gateway.closing import Close
from gateway.hub import Client, Hub, Subscription
from gateway.identification import Identification
from gateway.relay import Relay
from gateway.rights import Facts, Projections, Right, right_of
from gateway.witness import Witness

CHUNK = 500
"""Identities asked about in one command, with two keys each; and how many are looked at before others have a turn."""

Item = TypeVar("Item")

log = structlog.get_logger()


class _Confirmed(Protocol):
    confirmed_at: float


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
        subscriptions = [
            (channel, subscription)
            for channel, subscription in self._hub.subscriptions()
            # Somebody who is joining was asked about a moment ago.
            if subscription not in subscription.room.joining and session_id in (None, subscription.room.session_id)
        ]
        visitors = [
            client for client in self._hub.clients if client.session_id and session_id in (None, client.session_id)
        ]
        asked: dict[UUID, set[UUID]] = {}
        for _, subscription in subscriptions:
            asked.setdefault(subscription.room.session_id, set()).add(subscription.client.identity.user_id)
        for client in visitors:
            assert client.session_id is not None
            asked.setdefault(client.session_id, set()).add(client.identity.user_id)
        facts = await self._projections.facts(asked)
        async for channel, subscription in _in_slices(subscriptions):
            self._judge(channel, subscription, facts[subscription.room.session_id])
        for known_id, known in facts.items():
            if known is not None:
                self._witness.learn(known_id, known)
        async for client in _in_slices(visitors):
            assert client.session_id is not None
            self._judge_visitor(client, facts[client.session_id])

    async def tops(self) -> None:
        """Compare every channel with its top."""
        await self._relay.check_tops()

    def close_where(self, dead: Callable[[Client], bool]) -> None:
        """Close the sockets of tokens and people that may do nothing more."""
        for client in list(self._hub.clients):
            if dead(client):
                client.outlet.close(Close.DISABLED)

    def _judge(self, channel: str, subscription: Subscription, facts: Facts | None) -> None:
        right = right_of(subscription.client.identity, facts)
        if right is subscription.right or (right is Right.UNKNOWN and self._holds(subscription)):
            self._confirm(subscription, right)
            return
        client = subscription.client
        if client.subscriptions.get(channel) is subscription:
            self._relay.leave(client, channel)
            # Another right than before, or none that can be told: whoever subscribes again is told which.
            problem = Problem.FORBIDDEN if right is Right.NONE else Problem.UNAVAILABLE
            client.tell(answers.error(problem, channel))

    def _judge_visitor(self, client: Client, facts: Facts | None) -> None:
        right = right_of(client.identity, facts)
        if right.admits or (right is Right.UNKNOWN and self._holds(client)):
            self._confirm(client, right)
        else:
            client.outlet.close(Close.TRY_AGAIN if right is Right.UNKNOWN else Close.FORBIDDEN)

    def _holds(self, who: _Confirmed) -> bool:
        return asyncio.get_running_loop().time() - who.confirmed_at < self._hold_seconds

    def _confirm(self, who: _Confirmed, right: Right) -> None:
        if right is not Right.UNKNOWN:
            who.confirmed_at = asyncio.get_running_loop().time()


async def _in_slices(items: Sequence[Item]) -> AsyncIterator[Item]:
    """These, with a turn for others now and then."""
    for place, item in enumerate(items, start=1):
        yield item
        if place % CHUNK == 0:
            await asyncio.sleep(0)


async def every(seconds: float, sweep: Callable[[], Awaitable[None]]) -> None:
    """Run a sweep again and again. Redis being away is no reason to stop: the next one makes up for it."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await sweep()
        except AWAY as error:
            log.warning("sweep not finished", reason=type(error).__name__)
