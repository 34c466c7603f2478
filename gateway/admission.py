"""Whether somebody gets in: who they are, and on a session's path whether they have a part in it."""

from uuid import UUID

from redis.exceptions import RedisError

from gateway.closing import Close
from gateway.conversation import Authenticate
from gateway.identification import Identification, Refused
from gateway.rights import Facts, Projections, Right, right_of
from shared.tokens import Identity

AWAY = (RedisError, TimeoutError, OSError)
"""What a call to Redis raises when Redis cannot be asked."""


class Left(Exception):
    """The visit is over: the socket is to be closed with this code."""

    def __init__(self, code: Close) -> None:
        super().__init__(code)
        self.code = code


async def admitted(
    identification: Identification, projections: Projections, asked: Authenticate, session_id: UUID | None
) -> tuple[Identity, Facts | None]:
    """Who comes in, and what is known of the session on whose path they come; raises :class:`Left`.

    What cannot be told now is refused for now, never let pass.
    """
    facts: Facts | None = None
    try:
        identity = await _identify(identification, asked)
        if session_id is not None:
            facts = (await projections.facts({session_id: [identity.user_id]}))[session_id]
            _require(right_of(identity, facts))
    except Refused:
        raise Left(Close.BAD_TOKEN) from None
    except AWAY:
        raise Left(Close.TRY_AGAIN) from None
    return identity, facts


async def _identify(identification: Identification, asked: Authenticate) -> Identity:
    if asked.ticket is not None:
        return await identification.by_ticket(asked.ticket)
    return await identification.by_token(asked.token or "")


def _require(right: Right) -> None:
    if right is Right.UNKNOWN:
        raise Left(Close.TRY_AGAIN)
    if not right.admits:
        raise Left(Close.FORBIDDEN)
