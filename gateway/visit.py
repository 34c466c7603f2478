"""One socket from its upgrade to its end: the thin shell around :mod:`gateway.conversation`."""

import asyncio
from contextlib import ExitStack, suppress
from uuid import UUID

import structlog

from gateway import answers, metrics
from gateway.admission import Known, Left
from gateway.answers import Problem
from gateway.asking import AWAY
from gateway.closing import Close, label
from gateway.conversation import (
    Action,
    AnswerPing,
    Authenticate,
    BrokenProtocol,
    Conversation,
    Decline,
    Follow,
    Renew,
    Report,
    Unfollow,
)
from gateway.door import Target
from gateway.following import follow
from gateway.house import House
from gateway.hub import Client
from gateway.identification import Refused
from gateway.line import Line
from gateway.messages import Gone
from gateway.outlet import SocketOutlet
from gateway.rights import Facts
from gateway.stay import Stay

FRESH_SECONDS = 1.0
"""How long what was asked about on the way in counts for following too."""
NOTHING: Known = {}
log = structlog.get_logger()


class Visit:
    """One socket, which it gives its outlet."""

    def __init__(self, house: House, line: Line, target: Target) -> None:
        self._house = house
        self._line = line
        self._target = target
        self._outlet = SocketOutlet(line, house.pace.bytes_per_client, house.frames_per_second)
        self._client: Client | None = None
        self._known = NOTHING
        self._known_until = 0.0

    async def run(self) -> None:
        """Until the socket is closed by either side."""
        metrics.ACCEPTED.count += 1
        try:
            await self._talk()
        except Left as left:
            self._outlet.close(left.code)
        except Gone:
            pass
        except Exception:
            log.exception("visit failed")
            self._outlet.close(Close.FAULT)
        finally:
            self._say_goodbye()
            await self._line.wait_lost()
            self._outlet.gone()
            metrics.CLOSED.labels(label(self._outlet.closed_with or self._line.close_code)).inc()

    async def _talk(self) -> None:
        ticket = self._target.ticket
        if ticket is not None:
            self._line.in_no_hurry()
            await self._admit(Authenticate(None, ticket))
            self._known = NOTHING
        conversation = Conversation(known=ticket is not None)
        while True:  # Whoever says nothing more keeps nothing of what was said: messages have no name here.
            await self._hear(conversation, await self._line.messages.next())

    async def _hear(self, conversation: Conversation, message: str | bytes) -> None:
        for action in _read(conversation, message):
            await self._do(action)
        self._known = NOTHING

    async def _do(self, action: Action) -> None:
        if isinstance(action, Authenticate):
            await self._admit(action)
            return
        client = self._client
        assert client is not None, "nothing comes before Authenticate"
        match action:
            case Follow(resume):
                await follow(self._house, client, resume, self._still_known())
            case Unfollow(channel):
                self._house.relay.leave(client, channel)
            case Renew(token):
                await self._renew(client, token)
            case Report():
                self._report(client, action)
            case AnswerPing():
                client.tell(answers.pong())
            case Decline():
                client.tell(answers.error(Problem.MALFORMED))

    def _still_known(self) -> Known:
        """What was asked on the way in, for those who follow in the same breath."""
        return self._known if asyncio.get_running_loop().time() < self._known_until else NOTHING

    async def _admit(self, asked: Authenticate) -> None:
        house, session_id = self._house, self._target.session_id
        now = asyncio.get_running_loop().time()
        identity, self._known = await house.admission.admit(asked, session_id, self._outlet)
        self._known_until = now + FRESH_SECONDS
        facts = None if session_id is None else self._known[session_id]
        client = self._client = Client(identity, self._outlet, session_id, confirmed_at=now)
        house.hub.admit(client)
        house.pulse.add(self._outlet)
        client.hold(answers.connected(identity, house.pace.ping_seconds))
        asyncio.get_running_loop().call_soon(client.release)  # Whoever follows at once is told both in one write.
        if session_id is not None and facts is not None:
            await self._arrive(client, session_id, facts)

    async def _arrive(self, client: Client, session_id: UUID, facts: Facts) -> None:
        """Be witnessed. Who comes before the start may have asked just before it, and be heard of just after it."""
        witness = self._house.witness
        stay = client.stay = witness.came(session_id, client.identity, facts, self._outlet)
        if stay is None:
            return
        self._outlet.on_proof = lambda: stay.proven(witness.now())
        if not stay.has_begun:
            with suppress(*AWAY):  # The sweep asks again.
                again = await self._house.projections.facts({session_id: [client.identity.user_id]})
                if (known := again[session_id]) is not None:
                    witness.learn(session_id, known)

    async def _renew(self, client: Client, token: str) -> None:
        try:
            identity = await self._house.admission.renew(token)
        except Refused:
            raise Left(Close.BAD_TOKEN) from None
        except AWAY:
            client.tell(answers.error(Problem.UNAVAILABLE))
            return
        if identity.user_id != client.identity.user_id:
            raise Left(Close.BAD_TOKEN)
        self._house.hub.renew(client, identity)

    def _report(self, client: Client, report: Report) -> None:
        """Evidence counts on the session's own path only: that is where presence is witnessed."""
        if client.stay is None or report.activity.session_id != client.session_id:
            client.tell(answers.error(Problem.FORBIDDEN))
            return
        client.stay.acted(report.activity.activity, self._house.witness.now())

    def _say_goodbye(self) -> None:
        client = self._client
        if client is None:
            return
        code = self._outlet.closed_with
        comes_back = self._outlet.was_cut or (code is not None and code.reconnect)
        leaves = client.stay is not None and not comes_back
        with ExitStack() as everywhere:  # Whatever one of them raises, the others are told.
            everywhere.callback(self._house.relay.dismiss, client)
            everywhere.callback(self._house.pulse.remove, self._outlet)
            free = self._house.admission.seats.free
            everywhere.callback(free, client.identity.user_id, self._outlet, leaves=leaves)
            if client.stay is not None:
                everywhere.callback(self._leave, client.stay, comes_back=comes_back)

    def _leave(self, stay: Stay, *, comes_back: bool) -> None:
        if self._outlet.was_cut:
            self._house.witness.lost(stay)
        else:
            self._house.witness.went(stay, comes_back=comes_back)


def _read(conversation: Conversation, message: str | bytes) -> list[Action]:
    try:
        return conversation.read(message)
    except BrokenProtocol as broken:
        log.info("protocol broken", reason=str(broken))
        raise Left(Close.PROTOCOL) from None
