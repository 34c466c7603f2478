"""Following a channel, as a client asks for it: whether they may, and from where on."""

from uuid import UUID

import structlog

from gateway import answers
from gateway.admission import Known
from gateway.answers import Problem
from gateway.asking import AWAY
from gateway.channels import session_of
from gateway.house import House
from gateway.hub import Client
from gateway.rights import Right, right_of
from shared.messages.frames import Resume

log = structlog.get_logger()


async def follow(house: House, client: Client, resume: Resume, known: Known) -> None:
    """Subscribe somebody, or tell them why not; the socket stays open. ``known`` is what was asked on the way in."""
    problem = await _try(house, client, resume, known)
    if problem is not None:
        client.tell(answers.error(problem, resume.channel if session_of(resume.channel) else None))


async def _try(house: House, client: Client, resume: Resume, known: Known) -> Problem | None:
    session_id = session_of(resume.channel)
    if session_id is None:
        return Problem.FORBIDDEN
    if resume.channel not in client.subscriptions and len(client.subscriptions) >= house.most_channels:
        return Problem.TOO_MANY
    try:
        right = await _right(house, client, session_id, known)
        if not right.admits:
            return Problem.UNAVAILABLE if right is Right.UNKNOWN else Problem.FORBIDDEN
        await house.relay.join(client, session_id, right, resume)
    except AWAY as error:
        log.warning("cannot subscribe", channel=resume.channel, reason=type(error).__name__)
        return Problem.UNAVAILABLE
    return None


async def _right(house: House, client: Client, session_id: UUID, known: Known) -> Right:
    """What somebody has on a channel, by what is known or else asked now."""
    facts = known.get(session_id)
    if facts is None:
        facts = (await house.projections.facts({session_id: [client.identity.user_id]}))[session_id]
    return right_of(client.identity, facts)
