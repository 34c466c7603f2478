"""What can go wrong while people follow their sessions. Each takes about half a second and leaves room to heal."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from gateway.closing import Close
from shared import keys
from shared.domain.words import Role, SessionStatus
from shared.messages.control import PersonDisabled, SessionFactsChanged, TokenRevoked
from tests.gateway.campus import Roll
from tests.gateway.stress.ward import Ward
from tests.gateway.test_malformed import BROKEN

TROUBLE = (None, 1006, Close.RESTART, Close.TRY_AGAIN)
"""Ends that are not the client's fault: something else is going wrong at the same time."""

Disturbance = Callable[[Ward], Awaitable[None]]


async def nothing(_ward: Ward) -> None:
    """A quiet day."""
    await asyncio.sleep(0.3)


async def a_storm_of_pushes(ward: Ward) -> None:
    """More than a history holds, in one session, as fast as Redis takes it."""
    for _ in range(40):
        await ward.classes[0].publish(ward.chance, count=10)


async def pub_sub_cut(ward: Ward) -> None:
    """The gateways' pub/sub connections break, again and again."""
    for _ in range(5):
        await ward.campus.redis.client_kill_filter(_type="pubsub")
        await asyncio.sleep(0.1)


async def lines_cut(ward: Ward) -> None:
    """Some people's connections break, again and again."""
    for _ in range(5):
        ward.splitter.cut(0.3)
        await asyncio.sleep(0.1)


async def everybody_comes_back(ward: Ward) -> None:
    """All connections break at once, twice: a recovery storm."""
    for _ in range(2):
        ward.splitter.cut(1.0)
        await asyncio.sleep(0.3)


async def moved(ward: Ward) -> None:
    """Everybody is moved to one gateway, then to the other."""
    both = list(ward.splitter.ports)
    for port in both:
        ward.splitter.ports = [port]
        ward.splitter.cut(1.0)
        await asyncio.sleep(0.25)
    ward.splitter.ports = both


async def half_open(ward: Ward) -> None:
    """Some lines carry nothing more and nobody is told: both ends have to find out."""
    ward.splitter.swallow(0.3)
    await asyncio.sleep(0.5)


async def crumbs(ward: Ward) -> None:
    """Everything arrives in pieces of three bytes."""
    ward.splitter.crumbs = 3
    ward.splitter.cut(0.3)
    await asyncio.sleep(0.4)


async def late_lines(ward: Ward) -> None:
    """A network that takes its time, different each time."""
    ward.splitter.delay = 0.1
    await asyncio.sleep(0.5)


async def a_deploy(ward: Ward) -> None:
    """One gateway drains and is started again, then the other."""
    for name in ("one", "two"):
        await ward.stop(name)
        await ward.start(name)


async def a_crash(ward: Ward) -> None:
    """One gateway dies and is started again."""
    await ward.crash("one")
    await asyncio.sleep(0.2)
    await ward.start("one")


async def slow_readers(ward: Ward) -> None:
    """A few people read one frame at a time."""
    for follower in list(ward.followers())[::4]:
        follower.pause = 0.03
    for _ in range(20):
        await ward.classes[0].publish(ward.chance, count=10)


async def epochs_end(ward: Ward) -> None:
    """Positions are lost."""
    for each in ward.classes[:2]:
        await ward.campus.redis.delete(keys.position(each.roll.channel))
        await asyncio.sleep(0.1)


async def histories_end(ward: Ward) -> None:
    """Histories are lost while some people are away."""
    ward.splitter.cut(0.5)
    for each in ward.classes:
        await ward.campus.redis.delete(keys.history(each.roll.channel))
    await asyncio.sleep(0.3)


async def redis_emptied(ward: Ward) -> None:
    """Everything in Redis is gone; the workers project the sessions again."""
    await ward.campus.redis.flushall()
    for each in ward.classes:
        await ward.campus.project(each.roll)
    await asyncio.sleep(0.3)


async def redis_frozen(ward: Ward) -> None:
    """Redis says nothing for a while."""
    ward.ground.valkey.freeze()
    await asyncio.sleep(0.6)
    ward.ground.valkey.thaw()


async def redis_killed(ward: Ward) -> None:
    """Redis dies and comes back empty."""
    await asyncio.to_thread(ward.ground.valkey.stop)
    await asyncio.sleep(0.2)
    await asyncio.to_thread(ward.ground.valkey.start)
    for each in ward.classes:
        await ward.campus.project(each.roll)


async def messages_lost(ward: Ward) -> None:
    """A message is numbered and kept, and never heard."""
    for each in ward.classes:
        lost = int(await ward.campus.redis.hincrby(keys.position(each.roll.channel), "v", 1))
        await ward.campus.redis.xtrim(keys.history(each.roll.channel), maxlen=0)
        assert lost
    await asyncio.sleep(0.4)


async def people_lose_their_part(ward: Ward) -> None:
    """Students leave the roll and come back to it."""
    each = ward.classes[0]
    fewer = Roll(each.roll.id, each.roll.teacher, each.roll.students[:1])
    for roll in (fewer, each.roll):
        await ward.campus.project(roll)
        await ward.campus.command(SessionFactsChanged(roll.id))
        await asyncio.sleep(0.15)
    ward.splitter.cut(1.0)  # Who was refused stays away: a page would be loaded again.


async def facts_change_all_the_time(ward: Ward) -> None:
    """Every session says that it changed, many times."""
    for _ in range(30):
        for each in ward.classes:
            await ward.campus.command(SessionFactsChanged(each.roll.id))
        await asyncio.sleep(0.01)


async def sign_outs(ward: Ward) -> None:
    """Tokens die under open sockets, and some people who are not here are disabled."""
    for gateway in list(ward.gateways.values()):
        for client in list(gateway._hub.clients)[::3]:
            await ward.campus.command(TokenRevoked(client.identity.token_id))
    await ward.campus.command(PersonDisabled(uuid4()))
    await asyncio.sleep(0.2)


async def nonsense(ward: Ward) -> None:
    """Broken frames from others: each ends its own socket with the code for it."""
    for broken in BROKEN.values():
        code = await _rude(ward, [broken])
        if code not in (Close.PROTOCOL, *TROUBLE):
            ward.wrong.append(f"{broken!r} ended with {code}")


async def floods(ward: Ward) -> None:
    """Some say far too much."""
    for _ in range(5):
        code = await _rude(ward, ['{"type":"PING"}'] * 200)
        if code not in (Close.PROTOCOL, *TROUBLE):
            ward.wrong.append(f"a flood ended with {code}")


async def foreign_channels(ward: Ward) -> None:
    """Strangers ask for hundreds of channels that are not theirs."""
    names = [keys.channel(uuid4()) for _ in range(497)] + [each.roll.channel for each in ward.classes]
    await asyncio.gather(*[_pry(ward, names[start : start + 15]) for start in range(0, len(names), 15)])


async def _rude(ward: Ward, frames: Iterable[str | bytes]) -> int | None:
    """The code with which a socket ends that says this."""
    try:
        async with connect(f"ws://127.0.0.1:{ward.splitter.port}/ws", compression=None) as socket:
            with suppress(ConnectionClosed):
                await socket.send(json.dumps({"type": "CONNECT", "token": ward.campus.token()}))
                for frame in frames:
                    await socket.send(frame)
                while True:
                    await socket.recv()
        return socket.close_code
    except (OSError, EOFError, InvalidHandshake, TimeoutError):
        return None


async def _pry(ward: Ward, names: list[str]) -> None:
    with suppress(OSError, EOFError, InvalidHandshake, TimeoutError, ConnectionClosed):
        async with connect(f"ws://127.0.0.1:{ward.splitter.port}/ws", compression=None) as socket:
            await socket.send(json.dumps({"type": "CONNECT", "token": ward.campus.token(role=Role.PARENT)}))
            await socket.recv()
            for name in names:
                await socket.send(json.dumps({"type": "SUBSCRIBE", "channel": name}))
            for _ in names:
                said = json.loads(await socket.recv())
                if said["type"] not in ("ERROR", "RECONNECT"):
                    ward.wrong.append(f"a stranger was told {said['type']}")


async def sessions_end(ward: Ward) -> None:
    """A session ends and people stay to look."""
    await ward.campus.move(ward.classes[0].roll, SessionStatus.COMPLETED)
    await asyncio.sleep(0.2)


async def newcomers(ward: Ward) -> None:
    """Another class comes while all this goes on."""
    from tests.gateway.stress.ward import Class

    roll = await ward.campus.roll(students=tuple(uuid4() for _ in range(10)))
    ward.classes.append(Class(ward.campus, roll))
    ward.enter(ward.classes[-1])
    await asyncio.sleep(0.3)


ALL: dict[str, Disturbance] = {
    disturbance.__name__: disturbance
    for disturbance in (
        nothing, a_storm_of_pushes, pub_sub_cut, lines_cut, everybody_comes_back, moved, half_open, crumbs, late_lines,
        a_deploy, a_crash, slow_readers, epochs_end, histories_end, redis_emptied, redis_frozen, redis_killed,
        messages_lost, people_lose_their_part, facts_change_all_the_time, sign_outs, nonsense, foreign_channels, floods,
        sessions_end, newcomers,
    )
}  # fmt: skip
