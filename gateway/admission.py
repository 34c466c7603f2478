"""Who gets in: who they are, whether they have a part in the session on whose path they come, and a seat."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from gateway.asking import AWAY, Asking
from gateway.channels import session_of
from gateway.closing import Close
from gateway.conversation import Authenticate
from gateway.identification import Ended, Identification, Late, Refused, ended_command, read_ended
from gateway.pulse import Pinged
from gateway.rights import Facts, Right, facts_commands, read_facts, right_of
from gateway.seats import Seats
from shared.tokens import Identity

Known = Mapping[UUID, Facts | None]
"""What is known of sessions; ``None`` is a session nobody knows."""


class Left(Exception):
    """The visit is over: the socket is to be closed with this code."""

    def __init__(self, code: Close) -> None:
        super().__init__(code)
        self.code = code


class Admission(msgspec.Struct, frozen=True):
    """Lets people in. What cannot be told now is refused for now, never let pass."""

    identification: Identification
    asking: Asking
    seats: Seats

    async def admit(self, asked: Authenticate, session_id: UUID | None, socket: Pinged) -> tuple[Identity, Known]:
        """Who comes in, and what is known of the session and of those they will follow; they have a seat now. Raises
        :class:`Left`."""
        try:
            identity = await self._identify(asked)
            known = await self._enter(identity, session_id, asked.channels, socket)
            if known is None and await self.seats.make_room(identity.user_id):
                known = await self._enter(identity, session_id, asked.channels, socket)
        except Late:
            raise Left(Close.EXPIRED) from None
        except Refused:
            raise Left(Close.BAD_TOKEN) from None
        except AWAY:
            raise Left(Close.TRY_AGAIN) from None
        if known is None:
            raise Left(Close.TOO_MANY)
        if asked.token is not None:
            self.identification.remember(asked.token, identity)
        return identity, known

    async def renew(self, token: str) -> Identity:
        """Who a fresh token speaks for. Raises :class:`Refused`, :class:`Left` or what :data:`AWAY` lists."""
        identity = self.identification.read(token)
        _require(identity, (await self.identification.ended([identity])).get(identity), None, {})
        self.identification.remember(token, identity)
        return identity

    async def _identify(self, asked: Authenticate) -> Identity:
        if asked.ticket is not None:
            return await self.identification.redeem(asked.ticket)
        return self.identification.read(asked.token or "")

    async def _enter(
        self, identity: Identity, session_id: UUID | None, channels: Iterable[str], socket: Pinged
    ) -> Known | None:
        """One question: logged out or disabled? A seat? A part in the session, and in those that will be followed?

        ``None`` where there is no seat. Whoever is refused gives theirs back.
        """
        me = [identity.user_id]
        sessions = [session_id, *map(session_of, channels)]
        about = {session: me for session in sessions if session is not None}
        commands = [part for session in about for part in facts_commands(session, me)]
        claim = self.seats.claim(identity.user_id, socket)
        try:
            ended, seat, *replies = await self.asking.ask(ended_command([identity]), claim, *commands)
            known = read_facts(about, replies)
            _require(identity, read_ended([identity], ended).get(identity), session_id, known)
        except BaseException:
            self.seats.free(identity.user_id, socket)
            raise
        if not seat:
            self.seats.free(identity.user_id, socket)
            return None
        return known


def _require(identity: Identity, ended: Ended | None, session_id: UUID | None, known: Known) -> None:
    if ended is not None:
        raise Left(Close.DISABLED if ended is Ended.DISABLED else Close.BAD_TOKEN)
    if session_id is None:
        return
    right = right_of(identity, known.get(session_id))
    if right is Right.UNKNOWN:
        raise Left(Close.TRY_AGAIN)
    if not right.admits:
        raise Left(Close.FORBIDDEN)
