"""Asking again who may see what: of whom it is asked, what comes of the answer, and what it holds up."""

import asyncio
from collections.abc import Collection, Mapping
from uuid import UUID, uuid4

from gateway.bus import MemoryBus
from gateway.closing import Close
from gateway.fanout import Fanout
from gateway.hub import Client, Hub
from gateway.identification import Identification
from gateway.outbox import Outbox
from gateway.relay import Relay
from gateway.rights import Facts, Right
from gateway.sweeps import SESSIONS, Sweeps
from gateway.witness import Witness
from shared import keys
from shared.domain.words import Role
from shared.messages.frames import Resume
from tests.gateway.twins import MemoryOutlet, facts, somebody

HOLD_SECONDS = 60.0


class School:
    """Sessions with people in them, and what is known of each; who is asked about is remembered."""

    def __init__(self) -> None:
        self.known: dict[UUID, Facts | None] = {}
        self.asked: list[dict[UUID, Collection[UUID]]] = []
        self.hub = Hub()
        self.relay = Relay(self.hub, MemoryBus(), Fanout(0.0), control=print)
        witness = Witness(Outbox(), ask_soon=print)
        self.sweeps = Sweeps(self.hub, self.relay, self._nobody(), self, witness, HOLD_SECONDS)

    async def facts(self, asked: Mapping[UUID, Collection[UUID]]) -> dict[UUID, Facts | None]:
        """See :class:`gateway.rights.Projections`."""
        self.asked.append(dict(asked))
        await asyncio.sleep(0)
        return {session_id: self.known[session_id] for session_id in asked}

    async def come(self, session_id: UUID, role: Role = Role.TEACHER) -> tuple[Client, MemoryOutlet]:
        """Somebody opens a socket on a session's path and follows it."""
        outlet = MemoryOutlet()
        client = Client(somebody(role), outlet, session_id, confirmed_at=self.now)
        self.hub.admit(client)
        right = Right.STAFF if role is Role.TEACHER else Right.PARTICIPANT
        await self.relay.join(client, session_id, right, Resume(keys.channel(session_id)))
        return client, outlet

    @property
    def now(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    def _nobody(self) -> Identification:
        return Identification.__new__(Identification)  # logouts are asked about elsewhere


async def test_a_change_in_one_session_costs_only_those_who_are_in_it() -> None:
    school, here, elsewhere = School(), uuid4(), uuid4()
    teacher, _ = await school.come(here)
    await school.come(elsewhere)
    school.known[here] = facts(teacher=teacher.identity.user_id)
    await school.sweeps.rights(here)
    await school.sweeps.rights(uuid4())
    assert school.asked == [{here: {teacher.identity.user_id}}, {}]


async def test_everybody_is_asked_about_once_a_few_sessions_at_a_time() -> None:
    school = School()
    for session_id in [uuid4() for _ in range(2 * SESSIONS + 1)]:
        client, _ = await school.come(session_id)
        school.known[session_id] = facts(teacher=client.identity.user_id)
    await school.sweeps.rights()
    assert [len(asked) for asked in school.asked] == [SESSIONS, SESSIONS, 1]
    people = [person for asked in school.asked for some in asked.values() for person in some]
    assert sorted(people) == sorted(client.identity.user_id for client in school.hub.clients)


async def test_who_has_no_right_any_more_loses_the_channel_and_the_socket_and_others_lose_nothing() -> None:
    school, session_id = School(), uuid4()
    student, theirs = await school.come(session_id, Role.STUDENT)
    teacher, other = await school.come(session_id)
    school.known[session_id] = facts(teacher=teacher.identity.user_id)
    await school.sweeps.rights()
    assert (theirs.types[-1], theirs.frames[-1]["payload"]["data"]["code"]) == ("ERROR", "forbidden")
    assert (theirs.closed_with, student.subscriptions) == (Close.FORBIDDEN, {})
    assert (other.closed_with, list(teacher.subscriptions)) == (None, [keys.channel(session_id)])


async def test_a_right_that_nobody_can_confirm_holds_for_a_while() -> None:
    school, session_id = School(), uuid4()
    client, outlet = await school.come(session_id)
    [subscription] = client.subscriptions.values()
    school.known[session_id] = None
    await school.sweeps.rights()
    assert [len(client.subscriptions), outlet.closed_with] == [1, None]
    client.confirmed_at = subscription.confirmed_at = school.now - HOLD_SECONDS
    await school.sweeps.rights()
    assert (outlet.closed_with, client.subscriptions) == (Close.TRY_AGAIN, {})
    assert outlet.frames[-1]["payload"]["data"]["code"] == "unavailable"


async def test_a_right_that_is_confirmed_begins_anew() -> None:
    school, session_id = School(), uuid4()
    client, _ = await school.come(session_id)
    [subscription] = client.subscriptions.values()
    client.confirmed_at = subscription.confirmed_at = before = school.now - HOLD_SECONDS
    school.known[session_id] = facts(teacher=client.identity.user_id)
    await school.sweeps.rights()
    assert min(client.confirmed_at, subscription.confirmed_at) > before


async def test_who_comes_while_others_are_asked_about_is_not_judged_by_that_answer() -> None:
    school, session_id = School(), uuid4()
    teacher, _ = await school.come(session_id)
    school.known[session_id] = facts(teacher=teacher.identity.user_id)
    sweep = asyncio.create_task(school.sweeps.rights())
    await asyncio.sleep(0)
    assert school.asked
    student, outlet = await school.come(session_id, Role.STUDENT)
    await sweep
    assert (outlet.closed_with, len(student.subscriptions)) == (None, 1)


async def test_nobody_who_is_gone_is_asked_about() -> None:
    school, session_id = School(), uuid4()
    client, _ = await school.come(session_id)
    school.relay.dismiss(client)
    assert (school.hub.sessions(), school.hub.holders(session_id), school.hub.visitors) == (set(), [], {})
