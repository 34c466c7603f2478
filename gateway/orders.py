"""Control messages, as a gateway obeys them (shared.messages.control)."""

import asyncio
from collections.abc import Coroutine
from uuid import UUID

import msgspec
import structlog

from gateway.asking import AWAY
from gateway.seats import Seats
from gateway.sweeps import Sweeps
from gateway.tasks import cancelled
from shared.messages import control
from shared.messages.control import DrainWanted, PersonDisabled, SessionFactsChanged, TabsClosed, TokenRevoked
from shared.tokens import Tokens

log = structlog.get_logger()


class Orders:
    """Obeys control messages at once. One that was lost is made up for by the sweeps."""

    def __init__(self, sweeps: Sweeps, tokens: Tokens, seats: Seats) -> None:
        self._sweeps = sweeps
        self._seats = seats
        self._tokens = tokens
        self._under_way: set[asyncio.Task[None]] = set()

    def obey(self, message: bytes) -> None:
        """Do what a message says. An unknown one may be from a newer version: it is let pass."""
        try:
            order = control.decode(message)
        except msgspec.DecodeError:
            log.warning("unknown control message")
            return
        match order:
            case TokenRevoked(token_id):
                self._tokens.forget(lambda identity: identity.token_id == token_id)
                self._sweeps.close_where(lambda client: client.identity.token_id == token_id)
            case PersonDisabled(user_id):
                self._tokens.forget(lambda identity: identity.user_id == user_id)
                self._sweeps.close_where(lambda client: client.identity.user_id == user_id)
            case SessionFactsChanged(session_id):
                self._start(self._ask_again(session_id))
            case TabsClosed(user_ids):
                self._seats.ask(user_ids)
            case DrainWanted():
                pass  # The API's to obey.

    async def stop(self) -> None:
        """End what is under way."""
        await cancelled(list(self._under_way))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _ask_again(self, session_id: UUID) -> None:
        try:
            await self._sweeps.rights(session_id)
        except AWAY as error:
            log.warning("rights not asked again", session_id=str(session_id), reason=type(error).__name__)
