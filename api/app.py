"""The composition root of the API: settings in, application out; the whole wiring on one screen."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from api import openapi, ops
from api.admin.site import admin_site
from api.allowance import Allowance, Sharing
from api.breaker import Breaker
from api.codeview import CodePictures
from api.facts import FactsCache
from api.fallback import Fallback
from api.intake import Intake
from api.limits import Limiter, redis_storage
from api.listener import Listener
from api.lockouts import Lockouts
from api.middleware import SameSiteWrites, Surround
from api.pages.allowance import within_allowance
from api.pages.routes import page_routes
from api.problems import AWAY, Problem, on_error, on_http
from api.revocations import Revocations
from api.routes import ENDPOINTS
from api.services import Clock, Services, utc_now
from api.threads import BoundedThreads
from api.witness import Witness
from shared.database import app_engine
from shared.domain.refusals import Refused
from shared.jwks import Jwks
from shared.process import settle_heap
from shared.queue import Nudger
from shared.redis import async_redis
from shared.settings import Settings
from shared.tokens import Tokens

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"
HASHING_THREADS = 2
"""Threads for password hashes; more would only take the event loop's time away. Pictures have one of their own, so
that a rush of logins never holds up a projector."""
HASHES_WAITING = 200
"""Logins that may wait for a thread: some seconds of work; the next is told to come again (503)."""
RESTART_SECONDS = 1.0
"""Before background work that failed begins anew."""


@asynccontextmanager
async def open_services(settings: Settings, now: Clock = utc_now) -> AsyncIterator[Services]:
    """Every port of the process, opened and closed in order."""
    async with AsyncExitStack() as stack:
        jwks = Jwks(settings.jwks) if settings.jwks else None
        tokens = Tokens(settings, jwks or (lambda: None))
        engine = app_engine(settings)
        stack.push_async_callback(engine.dispose)
        redis = async_redis(settings)
        stack.push_async_callback(redis.aclose)
        nudger = Nudger(settings)
        stack.push_async_callback(asyncio.to_thread, nudger.close)
        breaker = Breaker()  # one for all: they share the Redis that fails
        hashing = BoundedThreads("hashing", HASHING_THREADS, HASHES_WAITING)
        stack.callback(hashing.close)
        drawing = ThreadPoolExecutor(1, "drawing")
        stack.callback(drawing.shutdown, wait=False)
        requests = Allowance("requests", settings.requests_per_minute)
        anonymous = Allowance("anonymous", settings.anonymous_per_minute)
        await _background(stack, Sharing(redis, requests, anonymous).run)
        facts = FactsCache(engine, settings.facts_seconds, time.monotonic)
        await _background(stack, Listener(redis, facts, tokens, nudger).run)
        if jwks is not None:
            await asyncio.to_thread(jwks.refresh)
            await _background(stack, lambda: _every(settings.jwks_refresh_seconds, jwks.refresh))
        yield Services(
            settings=settings,
            engine=engine,
            redis=redis,
            tokens=tokens,
            revocations=Revocations(redis, breaker),
            lockouts=Lockouts(engine),
            facts=facts,
            witness=Witness(redis, engine, nudger, breaker, settings.connection_events_per_minute),
            intake=Intake(redis, Fallback(engine), facts, nudger, breaker, settings.check_ins_per_minute),
            limiter=Limiter(redis_storage(redis), settings),
            requests=requests,
            anonymous=anonymous,
            pictures=CodePictures(drawing),
            nudger=nudger,
            hashing=hashing,
            now=now,
        )


async def _background(stack: AsyncExitStack, run: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.create_task(_again_and_again(run))

    async def stop() -> None:
        while not task.done():
            # More than once: asyncio.wait_for, which redis-py writes with, may lose a cancellation before Python 3.12.
            task.cancel()
            await asyncio.wait({task}, timeout=0.1)
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(stop)


async def _again_and_again(run: Callable[[], Awaitable[None]]) -> None:
    """Background work has no end of its own. A fault in it is noted, and it begins anew: a process that has stopped to
    listen would go on letting in whoever was locked out."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("background work failed; it begins anew")
        await asyncio.sleep(RESTART_SECONDS)


async def _every(seconds: float, blocking: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await asyncio.to_thread(blocking)


def _cors(settings: Settings) -> list[Middleware]:
    """For front ends that live elsewhere; nothing at all where there are none."""
    if not settings.allowed_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
            expose_headers=["Location", "Retry-After", "X-Request-ID"],
            max_age=600,
        )
    ]


def create_app(settings: Settings, now: Clock = utc_now) -> Starlette:
    """The application. Its services are opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_services(settings, now) as services:
            app.state.services = services
            settle_heap()
            yield

    document = openapi.describe(ENDPOINTS, version("muster"))
    return Starlette(
        routes=[
            *(endpoint.route() for endpoint in ENDPOINTS),
            *openapi.routes(document),
            *ops.ROUTES,
            *(within_allowance(route) for route in page_routes),
            admin_site(settings),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[
            Middleware(Surround, settings=settings),
            *_cors(settings),
            Middleware(SameSiteWrites, settings=settings),
        ],
        exception_handlers={
            HTTPException: on_http,
            **dict.fromkeys((Problem, Refused, *AWAY, Exception), on_error),
        },
        lifespan=lifespan,
    )
