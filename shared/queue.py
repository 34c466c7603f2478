"""Calling workers by name, so that whoever calls never imports worker code.

Celery messages here are only nudges ("there is work"): losing one is harmless, a periodic task nudges too.
"""

import threading
from uuid import UUID

import structlog
from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from shared.settings import Settings

DRAIN = "events.drain"
"""Task name of the drain."""

SUGGEST = "suggestions.compute"
"""Task name of computing the suggestions of sessions; takes their ids."""

EXPORT = "exports.write"
"""Task name of writing whatever exports wait."""

NUDGE_SECONDS = 10
"""A nudge that nobody took for this long has nothing left to say: the periodic ones go on. Without an end, calls would
pile up for as long as every drain has work."""

MOST_SUGGESTED = 1_000
"""Sessions asked for in one call; the schedule finds the rest."""

log = structlog.get_logger()


def broker_options(settings: Settings) -> dict[str, object]:
    """Transport options of every producer and consumer (4-pipeline 4.2)."""
    return {
        "socket_timeout": settings.redis_timeout,
        "socket_connect_timeout": settings.redis_timeout,
        "socket_keepalive": True,
        "visibility_timeout": 3600,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    }


def broker_url(settings: Settings) -> str:
    """The Redis URL in the form that kombu reads: a unix socket is ``redis+socket://``, its ``db`` a virtual host."""
    url = settings.redis_url
    if url.startswith("unix://"):
        return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
    return url


class Nudger:
    """Calls workers from a thread of its own, so that no event loop ever waits for a broker.

    Any number of calls while one is on its way become one more.
    """

    def __init__(self, settings: Settings) -> None:
        self._celery = Celery("muster-nudger", broker=broker_url(settings), set_as_current=False)
        # kombu tries a broker that is away a hundred times; the next nudge, or the periodic one, tries soon enough.
        self._celery.conf.broker_transport_options = {
            **broker_options(settings),
            "max_retries": 1,
            "interval_start": 0.2,
        }
        self._wanted = threading.Event()
        self._drain = False
        self._suggest: set[str] = set()
        self._export = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)
        self._thread.start()

    def nudge(self) -> None:
        """Have the drain called soon. Never blocks, never fails."""
        self._drain = True
        self._wanted.set()

    def suggest(self, session_id: UUID) -> None:
        """Have the suggestions of a session computed soon. Never blocks, never fails."""
        if len(self._suggest) < MOST_SUGGESTED:
            self._suggest.add(str(session_id))
        self._wanted.set()

    def export(self) -> None:
        """Have waiting exports written soon. Never blocks, never fails."""
        self._export = True
        self._wanted.set()

    def close(self) -> None:
        """Stop the thread after what it is doing."""
        self._closing = True
        self._wanted.set()
        self._thread.join(timeout=5)
        self._celery.close()

    def _run(self) -> None:
        while not self._closing:
            self._wanted.wait()
            self._wanted.clear()
            drain, self._drain = self._drain, False
            sessions, self._suggest = self._suggest, set()
            export, self._export = self._export, False
            if drain and not self._closing:
                self._call(DRAIN, "events")
            if sessions and not self._closing:
                self._call(SUGGEST, "suggestions", sorted(sessions))
            if export and not self._closing:
                self._call(EXPORT, "exports")

    def _call(self, task: str, queue: str, *arguments: object) -> None:
        try:
            self._celery.send_task(
                task, args=arguments, queue=queue, expires=NUDGE_SECONDS, ignore_result=True, retry=False
            )
        except (KombuError, RedisError, OSError) as error:
            log.warning("nudge failed; the periodic one will do", task=task, reason=type(error).__name__)
