"""Hearing what other processes say: facts that changed, tokens that died, a drain that is wanted."""

import asyncio
from typing import assert_never

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.facts import FactsCache
from shared import keys
from shared.messages import control
from shared.queue import Nudger
from shared.tokens import Tokens

log = structlog.get_logger()

RETRY_SECONDS = 0.5
CALL_MS = 5_000
"""How long it is remembered that somebody has called the drain for a gateway; each of its wishes has an id."""


class Listener:
    """Follows the control channel for the life of the process.

    What was said while it was not listening is unknown, so after every (re)connection no token is remembered, and no
    session's facts are taken as they were where they can be read again.
    """

    def __init__(self, redis: Redis, facts: FactsCache, tokens: Tokens, nudger: Nudger) -> None:
        self._redis = redis
        self._facts = facts
        self._tokens = tokens
        self._nudger = nudger

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                log.warning("control channel lost", reason=type(error).__name__)
                self._doubt_all()
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(keys.CONTROL)
            self._doubt_all()
            while True:
                message = await channel.get_message(timeout=30.0)
                if message is None:
                    await channel.ping()  # a silent connection may be a dead one
                elif message["type"] == "message":
                    await self.hear(message["data"])

    async def hear(self, payload: bytes) -> None:
        """Act on one message; what cannot be read is logged and dropped."""
        try:
            said = control.decode(payload)
        except msgspec.DecodeError:
            log.warning("control message unreadable")
            return
        match said:
            case control.SessionFactsChanged(session_id):
                self._facts.forget(session_id)
            case control.TokenRevoked(token_id):
                self._tokens.forget(lambda known: known.token_id == token_id)
            case control.PersonDisabled(user_id):
                self._tokens.forget(lambda known: known.user_id == user_id)
            case control.DrainWanted(wish):
                await self._call_drain(wish)
            case control.TabsClosed():
                pass  # for gateways
            case _:
                assert_never(said)

    async def _call_drain(self, wish: str) -> None:
        """Every API process hears a gateway's wish; the first to say so calls, or all when nobody can tell."""
        try:
            first = await self._redis.set(keys.drain_call(wish), 1, nx=True, px=CALL_MS)
        except RedisError:
            first = True
        if first:
            self._nudger.nudge()

    def _doubt_all(self) -> None:
        self._facts.doubt_all()
        self._tokens.forget(lambda _known: True)
