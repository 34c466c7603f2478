"""Who is asking: a token that still holds, or a one-time ticket (3-realtime 3.1, 5-security).

A cookie is never looked at, and a long-lived token in a URL is not either.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from enum import Enum, auto

import msgspec
import structlog
from redis.asyncio import Redis

from gateway.closing import Close
from shared import keys
from shared.domain.words import Role
from shared.messages.frames import RealtimeTicket
from shared.tokens import Identity, InvalidToken, Tokens

MAX_TICKET_CHARACTERS = 128

log = structlog.get_logger()
_ticket_decoder = msgspec.json.Decoder(RealtimeTicket)


class Refused(Exception):
    """This token or ticket proves nothing, or no more."""


class Ended(Enum):
    """Why a token that is valid in itself counts no more."""

    SIGNED_OUT = auto()
    DISABLED = auto()


class Identification:
    """Tells who holds a token or ticket. Raises ``RedisError`` when that cannot be told: nobody is let in blindly.

    Somebody who was disabled is told so: ``Left`` with 4504 instead of :class:`Refused`.
    """

    def __init__(self, tokens: Tokens, redis: Redis, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._tokens = tokens
        self._redis = redis
        self._clock = clock

    async def by_token(self, token: str) -> Identity:
        """Who this token speaks for; raises :class:`Refused`."""
        now = self._clock()
        try:
            identity = self._tokens.recall(token, now) or self._tokens.verify(token, now)
        except InvalidToken as invalid:
            log.info("token refused", reason=str(invalid))
            raise Refused from None
        await self._require(identity)
        self._tokens.remember(token, identity)
        return identity

    async def by_ticket(self, ticket: str) -> Identity:
        """Who this ticket was made for, once; raises :class:`Refused`."""
        if not 0 < len(ticket) <= MAX_TICKET_CHARACTERS:
            raise Refused
        stored = await self._redis.getdel(keys.realtime_ticket(ticket))
        identity = _read_ticket(stored)
        if identity.expires_at <= self._clock():
            raise Refused
        await self._require(identity)
        return identity

    async def ended(self, identities: Collection[Identity]) -> dict[Identity, Ended]:
        """Which of these count no more, and why: the token was logged out or, which says more, its owner disabled."""
        if not identities:
            return {}
        signed_out = [keys.revoked(who.token_id) for who in identities]
        disabled = [keys.disabled(who.user_id) for who in identities]
        values = [value is not None for value in await self._redis.mget(signed_out + disabled)]
        found = zip(identities, values[: len(identities)], values[len(identities) :], strict=True)
        return {who: Ended.DISABLED if off else Ended.SIGNED_OUT for who, out, off in found if out or off}

    async def _require(self, identity: Identity) -> None:
        match (await self.ended([identity])).get(identity):
            case Ended.SIGNED_OUT:
                raise Refused
            case Ended.DISABLED:
                from gateway.admission import Left  # which imports this module

                raise Left(Close.DISABLED)


def _read_ticket(stored: bytes | str | None) -> Identity:
    if stored is None:
        raise Refused
    try:
        ticket = _ticket_decoder.decode(stored)
        role = Role(ticket.role)
    except (msgspec.DecodeError, ValueError) as error:
        log.error("unreadable ticket", reason=type(error).__name__)
        raise Refused from None
    if ticket.expires_at.tzinfo is None:
        raise Refused
    return Identity(ticket.user_id, role, ticket.token_id, ticket.expires_at)
