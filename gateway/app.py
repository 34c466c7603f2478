"""The composition root: settings in, a running gateway out."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog
from prometheus_client import start_http_server
from redis.asyncio import Redis

from gateway.admission import Admission
from gateway.asking import AWAY, Asking
from gateway.census import Census
from gateway.delivery import Delivery
from gateway.door import Door
from gateway.fanout import Fanout
from gateway.house import House
from gateway.hub import Hub
from gateway.identification import Identification
from gateway.looplag import watch_loop
from gateway.orders import Orders
from gateway.outbox import Outbox
from gateway.pace import Pace, pace_of
from gateway.pulse import Pulse
from gateway.redis_bus import RedisBus
from gateway.relay import Relay
from gateway.rights import RedisProjections
from gateway.seats import BEAT, Seats
from gateway.serving import Gateway, Server
from gateway.sweeps import Sweeps, every
from gateway.tasks import cancelled
from gateway.turnstile import Turnstile
from gateway.witness import Witness
from shared.jwks import Jwks
from shared.messages.condition import REPORT_SECONDS
from shared.redis import async_redis
from shared.settings import Settings
from shared.tokens import Tokens

log = structlog.get_logger()


@asynccontextmanager
async def gateway(settings: Settings, *, pace: Pace | None = None) -> AsyncIterator[Gateway]:
    """A gateway for the length of the block; it is drained at the end."""
    pace = pace or pace_of(settings)
    async with AsyncExitStack() as stack:
        redis = async_redis(settings)
        stack.push_async_callback(redis.aclose)
        asking = Asking(redis, settings.redis_timeout)
        stack.push_async_callback(asking.stop)
        jwks = Jwks(settings.jwks) if settings.jwks else None
        tokens = Tokens(settings, jwks) if jwks else Tokens(settings)
        hub, bus, projections = Hub(), RedisBus(redis, asking, settings.redis_timeout), RedisProjections(asking)
        pulse, outbox = Pulse(pace.ping_seconds, asyncio.get_running_loop().time), Outbox()
        identification, seats = (
            Identification(tokens, asking),
            Seats(asking, settings.sockets_per_person, pulse.ask_soon),
        )
        stack.push_async_callback(seats.stop, settings.redis_timeout)
        witness, delivery = Witness(outbox, pulse.ask_soon), _delivery(stack, redis, settings, outbox, pace)
        fanout = Fanout(pace.tick_seconds)
        relay = Relay(hub, bus, fanout, lambda message: orders.obey(message), pace.redis_seconds)
        sweeps = Sweeps(hub, relay, identification, projections, witness, pace.rights_hold_seconds)
        orders = Orders(sweeps, tokens, seats)
        bus.listener = relay
        house = House(
            hub, relay, Admission(identification, asking, seats), projections, witness, pulse, pace,
            settings.gateway_channels, settings.gateway_frames,
        )  # fmt: skip
        stack.push_async_callback(relay.stop)
        stack.push_async_callback(orders.stop)
        await _say_alive(seats)
        work = [
            bus.run(),
            fanout.run(),
            pulse.run(),
            pulse.run_out_of_turn(),
            delivery.run(),
            seats.run(),
            watch_loop(),
        ]
        work += [every(pace.expiry_seconds, fanout.sweep), every(BEAT, seats.beat), *_sweeping(sweeps, pace)]
        if jwks is not None:
            await asyncio.to_thread(jwks.refresh)
            work.append(every(settings.jwks_refresh_seconds, lambda: asyncio.to_thread(jwks.refresh)))
        census = Census(redis, hub)
        stack.push_async_callback(census.leave)
        work.append(every(REPORT_SECONDS, census.report))
        background = [asyncio.create_task(part) for part in work]
        stack.push_async_callback(cancelled, background)
        server = Server(house, _door(settings, redis, bus))
        await server.listen(settings)
        running = Gateway(server, hub, pace, background)
        stack.push_async_callback(running.drain)
        yield running


async def run(settings: Settings) -> None:
    """A gateway until SIGTERM or SIGINT. Raises ``OSError`` when a port is taken."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if settings.gateway_metrics_port:
        start_http_server(settings.gateway_metrics_port, settings.gateway_host)
    async with gateway(settings) as running:
        log.info("gateway is up", host=settings.gateway_host, port=running.port)
        stopped = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([stopped, *running.background], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # Background work never ends by itself: what it raised ends the process.
        log.info("gateway drains")
    log.info("gateway is down")


def _delivery(stack: AsyncExitStack, redis: Redis, settings: Settings, outbox: Outbox, pace: Pace) -> Delivery:
    """With a connection of its own: evidence does not stand in line behind a thousand clients that come at once."""
    asking = Asking(redis, settings.redis_timeout)
    stack.push_async_callback(asking.stop)
    delivery = Delivery(asking, outbox, pace.flush_seconds)
    stack.push_async_callback(delivery.stop, 2 * settings.redis_timeout)
    return delivery


def _sweeping(sweeps: Sweeps, pace: Pace) -> list[Coroutine[None, None, None]]:
    return [
        every(pace.expiry_seconds, sweeps.expiry),
        every(pace.rights_seconds, sweeps.logouts),
        every(pace.rights_seconds, sweeps.rights),
        every(pace.tops_seconds, sweeps.tops),
    ]


def _door(settings: Settings, redis: Redis, bus: RedisBus) -> Door:
    async def redis_answers() -> bool:
        try:
            return bool(await redis.ping())
        except AWAY:
            return False

    async def bus_is_up() -> bool:
        return bus.is_up

    clock = asyncio.get_running_loop().time
    turnstile = Turnstile(settings.gateway_accept_rate, settings.gateway_sockets, clock)
    return Door(settings.origins, {"redis": redis_answers, "pubsub": bus_is_up}, turnstile)


async def _say_alive(seats: Seats) -> None:
    """Before anybody comes; without Redis nobody can come, and it is said again."""
    with suppress(*AWAY):
        await seats.beat()
