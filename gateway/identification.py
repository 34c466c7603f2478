"""Who is asking: a token that still holds, or a one-time ticket (3-realtime 3.1, 5-security).

A cookie is never looked at, and a long-lived token in a URL is not either.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from enum import Enum, auto

import msgspec
import structlog

from gateway.asking import Asking
from gateway.redis_link import Command
from shared import keys
from shared.domain.words import Role
from shared.messages.frames import RealtimeTicket
from shared.realtime import is_late
from shared.tokens import Identity, InvalidToken, Tokens

MAX_TICKET_CHARACTERS = 128

log = structlog.get_logger()
_ticket_decoder = msgspec.json.Decoder(RealtimeTicket)


class Refused(Exception):
    """This token or ticket proves nothing, or no more."""


class Late(Refused):
    """This ticket came after its time, and another one may be had."""


class Ended(Enum):
    """Why a token that is valid in itself counts no more."""

    SIGNED_OUT = auto()
    DISABLED = auto()


class Identification:
    """Tells who holds a token or ticket. Raises ``RedisError`` when that cannot be told: nobody is let in blindly."""

    def __init__(
        self, tokens: Tokens, asking: Asking, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._tokens = tokens
        self._asking = asking
        self._clock = clock

    def read(self, token: str) -> Identity:
        """Who this token speaks for, if it has not :meth:`ended`; raises :class:`Refused`."""
        now = self._clock()
        try:
            return self._tokens.recall(token, now) or self._tokens.verify(token, now)
        except InvalidToken as invalid:
            log.info("token refused", reason=str(invalid))
            raise Refused from None

    def remember(self, token: str, identity: Identity) -> None:
        """Keep a token that was read and is known not to have ended."""
        self._tokens.remember(token, identity)

    async def redeem(self, ticket: str) -> Identity:
        """Who this ticket was made for, once, if their token has not :meth:`ended`; raises :class:`Refused`, or
        :class:`Late`."""
        if not 0 < len(ticket) <= MAX_TICKET_CHARACTERS:
            raise Refused
        [stored] = await self._asking.ask(("GETDEL", keys.realtime_ticket(ticket)))
        if stored is None and is_late(ticket, self._clock()):
            raise Late
        identity = _read_ticket(stored)
        if identity.expires_at <= self._clock():
            raise Refused
        return identity

    async def ended(self, identities: Collection[Identity]) -> dict[Identity, Ended]:
        """Which of these count no more, and why: the token was logged out or, which says more, its owner disabled."""
        if not identities:
            return {}
        [found] = await self._asking.ask(ended_command(identities))
        return read_ended(identities, found)


def ended_command(identities: Collection[Identity]) -> Command:
    """What to ask Redis to know who of these has ended."""
    signed_out = [keys.revoked(who.token_id) for who in identities]
    return ("MGET", *signed_out, *[keys.disabled(who.user_id) for who in identities])


def read_ended(identities: Collection[Identity], found: Sequence[bytes | None]) -> dict[Identity, Ended]:
    """What the reply to the :func:`ended_command` of these says."""
    values = [value is not None for value in found]
    both = zip(identities, values[: len(identities)], values[len(identities) :], strict=True)
    return {who: Ended.DISABLED if off else Ended.SIGNED_OUT for who, out, off in both if out or off}


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
