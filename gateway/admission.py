"""Who gets in: who they are, whether they have a part in the session on whose path they come, and a seat."""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
from redis.exceptions import RedisError

from gateway.closing import Close
from gateway.conversation import Authenticate
from gateway.identification import Ended, Identification, Late, Refused
from gateway.pulse import Pinged
from gateway.rights import Facts, Projections, Right, right_of
from gateway.seats import Seats
from shared.tokens import Identity

AWAY = (RedisError, TimeoutError, OSError)
"""What a call to Redis raises when Redis cannot be asked."""


class Left(Exception):
    """The visit is over: the socket is to be closed with this code."""

    def __init__(self, code: Close) -> None:
        super().__init__(code)
        self.code = code


class Admission(msgspec.Struct, frozen=True):
    """Lets people in. What cannot be told now is refused for now, never let pass."""

    identification: Identification
    projections: Projections
    seats: Seats

    async def admit(
        self, asked: Authenticate, session_id: UUID | None, socket: Pinged
    ) -> tuple[Identity, Facts | None]:
        """Who comes in, and what is known of the session; they have a seat now. Raises :class:`Left`."""
        try:
            identity = await self._identify(asked)
            # All at once: they share a round trip. Whoever is refused for another reason gives the seat back.
            ended, facts, seat = await asyncio.gather(
                self.identification.ended([identity]),
                self._facts(identity, session_id),
                self.seats.take(identity.user_id, socket),
                return_exceptions=True,
            )
            try:
                _require(identity, _told(ended).get(identity), session_id, _told(facts))
            except BaseException:
                if seat is True:
                    self.seats.free(identity.user_id, socket)
                raise
        except Late:
            raise Left(Close.EXPIRED) from None
        except Refused:
            raise Left(Close.BAD_TOKEN) from None
        except AWAY:
            raise Left(Close.TRY_AGAIN) from None
        if not _told(seat):
            raise Left(Close.TOO_MANY)
        if asked.token is not None:
            self.identification.remember(asked.token, identity)
        return identity, _told(facts)

    async def renew(self, token: str) -> Identity:
        """Who a fresh token speaks for. Raises :class:`Refused`, :class:`Left` or what :data:`AWAY` lists."""
        identity = self.identification.read(token)
        _require(identity, (await self.identification.ended([identity])).get(identity), None, None)
        self.identification.remember(token, identity)
        return identity

    async def _identify(self, asked: Authenticate) -> Identity:
        if asked.ticket is not None:
            return await self.identification.redeem(asked.ticket)
        return self.identification.read(asked.token or "")

    async def _facts(self, identity: Identity, session_id: UUID | None) -> Facts | None:
        if session_id is None:
            return None
        return (await self.projections.facts({session_id: [identity.user_id]}))[session_id]


def _require(identity: Identity, ended: Ended | None, session_id: UUID | None, facts: Facts | None) -> None:
    if ended is not None:
        raise Left(Close.DISABLED if ended is Ended.DISABLED else Close.BAD_TOKEN)
    if session_id is None:
        return
    right = right_of(identity, facts)
    if right is Right.UNKNOWN:
        raise Left(Close.TRY_AGAIN)
    if not right.admits:
        raise Left(Close.FORBIDDEN)


def _told(answer: Any) -> Any:
    """An answer, or the reason that there is none."""
    if isinstance(answer, BaseException):
        raise answer
    return answer
