"""Hearing what other processes say: facts that changed, tokens that died."""

import asyncio

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.facts import FactsCache
from shared import keys
from shared.messages import control
from shared.tokens import Tokens

log = structlog.get_logger()

RETRY_SECONDS = 0.5


class Listener:
    """Follows the control channel for the life of the process.

    What was said while it was not listening is unknown, so after every (re)connection nothing is remembered.
    """

    def __init__(self, redis: Redis, facts: FactsCache, tokens: Tokens) -> None:
        self._redis = redis
        self._facts = facts
        self._tokens = tokens

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as error:
                log.warning("control channel lost", reason=type(error).__name__)
                self._forget_all()
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(keys.CONTROL)
            self._forget_all()
            while True:
                message = await channel.get_message(timeout=30.0)
                if message is None:
                    await channel.ping()  # a silent connection may be a dead one
                elif message["type"] == "message":
                    self.hear(message["data"])

    def hear(self, payload: bytes) -> None:
        """Act on one message; what cannot be read is logged and dropped."""
        try:
            said = control.decode(payload)
        except msgspec.DecodeError:
            log.warning("control message unreadable")
            return
        if isinstance(said, control.SessionFactsChanged):
            self._facts.forget(said.session_id)
        elif isinstance(said, control.TokenRevoked):
            self._tokens.forget(lambda known: known.token_id == said.token_id)
        else:
            self._tokens.forget(lambda known: known.user_id == said.user_id)

    def _forget_all(self) -> None:
        self._facts.forget_all()
        self._tokens.forget(lambda _known: True)
