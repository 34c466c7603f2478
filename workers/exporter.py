"""What a worker and the scheduler show on a port of their own: ``/metrics``, ``/livez`` and ``/readyz``.

``/readyz`` is 503 while this process' queues are stalled or Redis is away, and says which. ``/livez`` is 503 only where
a restart may help: stalled, although Redis and PostgreSQL answer. An outage elsewhere restarts nobody.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import msgspec
import psycopg
import structlog
from redis.exceptions import RedisError

from shared.redis import sync_redis
from shared.settings import Settings
from workers.progress import stalled

SHARED = "PROMETHEUS_MULTIPROC_DIR"

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = structlog.get_logger()


def share_metrics() -> None:
    """Let the processes that this one forks count together with it, until it ends.

    To be called before anything imports ``prometheus_client``, which decides at import how it counts.
    """
    folder = tempfile.mkdtemp(prefix="muster-metrics-")
    os.environ[SHARED] = folder
    atexit.register(_forget, folder, os.getpid())


def _forget(folder: str, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def serve(settings: Settings, port: int, parts: Iterable[str], *, with_condition: bool = False) -> None:
    """Answer in a thread until the process ends. ``parts`` is what this process makes progress with; with the condition
    its gauges are shown too."""
    if not port:
        return
    handler = _Answers(settings, tuple(parts), with_condition=with_condition)
    try:
        server = make_server(settings.worker_host, port, handler, _Server, _Silent)
    except OSError as error:
        log.warning("no metrics: the port cannot be had", port=port, reason=error.strerror)
        return
    Thread(target=server.serve_forever, name="exporter", daemon=True).start()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """A line per scrape would drown the rest."""


class _Answers:
    """The WSGI application."""

    def __init__(self, settings: Settings, parts: tuple[str, ...], *, with_condition: bool) -> None:
        from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
        from prometheus_client.multiprocess import MultiProcessCollector

        from workers.gauges import ConditionGauges

        self._settings = settings
        self._redis = sync_redis(settings)
        self._parts = parts
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        ProcessCollector(registry=registry)
        if with_condition:
            registry.register(ConditionGauges(self._redis))
        self._metrics: Application = make_wsgi_app(registry)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                return self._metrics(environ, start_response)
            case "/livez":
                trouble = self._trouble() if self._dependencies_answer() else []
            case "/readyz":
                trouble = self._trouble()
            case _:
                start_response("404 Not Found", [])
                return []
        return _say(start_response, trouble)

    def _trouble(self) -> list[str]:
        try:
            return [f"{part} stalled" for part in stalled(self._redis, self._parts)]
        except RedisError:
            return ["queue"]

    def _dependencies_answer(self) -> bool:
        try:
            self._redis.ping()
            psycopg.connect(self._settings.database_url, connect_timeout=2).close()
        except (RedisError, psycopg.Error):
            return False
        return True


def _say(start_response: Callable[..., Any], trouble: list[str]) -> list[bytes]:
    """The same words as the API's and the gateway's (api.ops)."""
    body = {"status": "unavailable", "failing": trouble} if trouble else {"status": "ok"}
    status = "503 Service Unavailable" if trouble else "200 OK"
    start_response(status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return [msgspec.json.encode(body)]
