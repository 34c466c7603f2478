"""The composition root: settings in, a running gateway out."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog
from prometheus_client import start_http_server
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from websockets.asyncio.server import Server, ServerConnection, serve

from gateway import answers
from gateway.closing import Close
from gateway.delivery import Delivery
from gateway.door import Door
from gateway.fanout import Fanout
from gateway.hub import Hub
from gateway.identification import Identification
from gateway.orders import Orders
from gateway.outbox import Outbox
from gateway.pace import Pace, pace_of
from gateway.pulse import Pulse
from gateway.redis_bus import RedisBus
from gateway.relay import Relay
from gateway.rights import RedisProjections
from gateway.sweeps import Sweeps, every
from gateway.visit import House, Visit
from gateway.wire import CLOSE_SECONDS, Line
from gateway.witness import Witness
from shared.jwks import Jwks
from shared.redis import async_redis
from shared.settings import Settings
from shared.tokens import Tokens

MAX_FRAME_BYTES = 4096
"""Largest frame from a client; a larger one is the library's 1009."""
REDIS_CONNECTIONS = 16
"""Connections for commands: a thousand clients that come at once wait in line instead of opening a thousand."""
BACKLOG = 1024

log = structlog.get_logger()


class Gateway:
    """A gateway that accepts sockets."""

    def __init__(self, server: Server, hub: Hub, pace: Pace, background: Sequence[asyncio.Task[None]]) -> None:
        self.background = background
        self._server = server
        self._hub = hub
        self._pace = pace

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def drain(self) -> None:
        """Accept nobody more, send everyone elsewhere, and cut whoever has not gone in time."""
        self._server.close(close_connections=False)
        await asyncio.sleep(0)  # Let it stop listening first, or a client sent away could come straight back.
        goodbye = answers.reconnect()
        for client in list(self._hub.clients):
            client.tell(goodbye)
            client.outlet.close(Close.RESTART)
        for connection in self._server.connections:  # Those that have not said who they are.
            connection.protocol.send_close(Close.RESTART, Close.RESTART.reason)
            connection.send_data()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pace.drain_seconds):
                await self._server.wait_closed()
        for client in list(self._hub.clients):
            client.outlet.cut()
        for connection in list(self._server.all_connections):
            connection.transport.abort()
        await self._server.wait_closed()


@asynccontextmanager
async def gateway(settings: Settings, *, pace: Pace | None = None) -> AsyncIterator[Gateway]:
    """A gateway for the length of the block; it is drained at the end."""
    pace = pace or pace_of(settings)
    async with AsyncExitStack() as stack:
        redis = _redis(settings)
        stack.push_async_callback(redis.aclose)
        jwks = Jwks(settings.jwks) if settings.jwks else None
        tokens = Tokens(settings, jwks) if jwks else Tokens(settings)
        hub, bus, projections = Hub(), RedisBus(redis, settings.redis_timeout), RedisProjections(redis)
        identification = Identification(tokens, redis)
        pulse, outbox = Pulse(pace.ping_seconds, asyncio.get_running_loop().time), Outbox()
        witness, delivery = Witness(outbox, pulse.ask_soon), await _delivery(stack, settings, outbox, pace)
        fanout = Fanout(pace.tick_seconds)
        relay = Relay(hub, bus, fanout, lambda message: orders.obey(message))
        sweeps = Sweeps(hub, relay, identification, projections, witness, pace.rights_hold_seconds)
        orders = Orders(sweeps, tokens)
        bus.listener = relay
        house = House(hub, relay, identification, projections, witness, pulse, pace)
        stack.push_async_callback(relay.stop)
        stack.push_async_callback(orders.stop)
        work = [bus.run(), fanout.run(), pulse.run(), pulse.run_out_of_turn(), delivery.run()]
        work += [every(pace.expiry_seconds, fanout.sweep), *_sweeping(sweeps, pace)]
        if jwks is not None:
            await asyncio.to_thread(jwks.refresh)
            work.append(every(settings.jwks_refresh_seconds, lambda: asyncio.to_thread(jwks.refresh)))
        background = [asyncio.create_task(part) for part in work]
        stack.push_async_callback(_cancelled, background)
        running = Gateway(await _serve(settings, pace, house, _door(settings, redis, bus)), hub, pace, background)
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


async def _delivery(stack: AsyncExitStack, settings: Settings, outbox: Outbox, pace: Pace) -> Delivery:
    """With a connection of its own: evidence does not stand in line behind a thousand clients that come at once."""
    redis = async_redis(settings)
    stack.push_async_callback(redis.aclose)
    delivery = Delivery(redis, outbox, pace.flush_seconds)
    stack.push_async_callback(delivery.stop, 2 * settings.redis_timeout)
    return delivery


def _sweeping(sweeps: Sweeps, pace: Pace) -> list[Coroutine[None, None, None]]:
    return [
        every(pace.expiry_seconds, sweeps.expiry),
        every(pace.rights_seconds, sweeps.logouts),
        every(pace.rights_seconds, sweeps.rights),
        every(pace.tops_seconds, sweeps.tops),
    ]


def _redis(settings: Settings) -> Redis:
    """Commands, each limited; pub/sub has a connection of its own (:mod:`gateway.redis_bus`)."""
    pool = BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=REDIS_CONNECTIONS,
        timeout=settings.redis_timeout,
        socket_timeout=settings.redis_timeout,
        socket_connect_timeout=settings.redis_timeout,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)


def _door(settings: Settings, redis: Redis, bus: RedisBus) -> Door:
    async def redis_answers() -> bool:
        try:
            return bool(await redis.ping())
        except (RedisError, OSError):
            return False

    async def bus_is_up() -> bool:
        return bus.is_up

    return Door(settings.origins, {"redis": redis_answers, "pubsub": bus_is_up})


async def _serve(settings: Settings, pace: Pace, house: House, door: Door) -> Server:
    async def visit(connection: ServerConnection) -> None:
        assert isinstance(connection, Line)
        await Visit(house, connection).run()

    return await serve(
        visit,
        settings.gateway_host,
        settings.gateway_port,
        process_request=door,
        compression=None,
        server_header=None,
        open_timeout=pace.connect_seconds,
        create_connection=Line,
        ping_interval=None,  # gateway.pulse does it
        close_timeout=CLOSE_SECONDS,
        max_size=MAX_FRAME_BYTES,
        # Beyond what closes a slow client, so that writing never has to wait for one.
        write_limit=2 * pace.bytes_per_client,
        logger=_library_log(),
        backlog=BACKLOG,
    )


def _library_log() -> logging.Logger:
    """At DEBUG the library logs handshakes, and with them tickets; at ERROR every port scan is a stack trace."""
    library = logging.getLogger("gateway.websockets")
    library.setLevel(logging.CRITICAL)
    return library


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    pending = set(tasks)
    while pending:
        # More than once: asyncio.wait_for, which redis-py writes with, may lose a cancellation before Python 3.12.
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    await asyncio.gather(*tasks, return_exceptions=True)
