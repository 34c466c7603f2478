"""What real worker and scheduler processes show on their own ports."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from celery import Celery

from deploy.stack.local import LocalServices, temporary_services
from deploy.stack.ports import free_port
from shared import keys
from shared.migrations import migrate
from shared.queue import broker_url
from shared.redis import sync_redis
from shared.settings import Settings

pytestmark = pytest.mark.stack

QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@pytest.fixture(scope="module")
def services() -> Iterator[LocalServices]:
    """Services of their own: the tests fill the queues."""
    with temporary_services() as found:
        migrate(found.database_url)
        yield found


@contextmanager
def celery(services: LocalServices, port: int, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A Celery process until the end of the block."""
    environment = {
        **os.environ,
        **services.environment(),
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_WORKER_METRICS_PORT": str(port),
        "MUSTER_SCHEDULER_METRICS_PORT": str(port),
    }
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "workers.app", *arguments]
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def get(port: int, path: str) -> tuple[int, str]:
    """Status and text; status 0 while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def eventually(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until another process has done something."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_worker_counts_over_its_pool_and_tells_a_standstill(services: LocalServices, settings: Settings) -> None:
    port = free_port("127.0.0.1")
    quiet = settings.model_copy(update={"redis_url": services.redis_url})
    redis = sync_redis(quiet)
    with celery(services, port, "worker", "-Q", "events,maintenance", "-c", "2", *QUIET):
        eventually(lambda: get(port, "/readyz")[0] == 200)
        with Celery(broker=broker_url(quiet), set_as_current=False) as caller:
            caller.send_task("maintenance.send_canary", queue="maintenance", ignore_result=True)
        eventually(lambda: 'muster_worker_drained_events_total{origin="stream"} 1.0' in get(port, "/metrics")[1])
        shown = get(port, "/metrics")[1]
        assert "muster_worker_canary_seconds_count 1.0" in shown
        assert 'muster_worker_tasks_total{state="SUCCESS",task="maintenance.send_canary"} 1.0' in shown
        assert get(port, "/elsewhere")[0] == 404

        # An entry that the drain's group has passed by waits for ever: nobody will ever be handed it.
        redis.xadd(keys.EVENTS, {"0": "x"}, id="*")
        redis.delete(keys.EVENTS)
        redis.xadd(keys.EVENTS, {"0": "x"}, id="1-0")
        redis.xgroup_create(keys.EVENTS, keys.DRAIN_GROUP, id="$")
        redis.delete(keys.progress("events"))
        assert get(port, "/livez") == get(port, "/readyz")
        status, said = get(port, "/readyz")
        assert (status, json.loads(said)) == (503, {"status": "unavailable", "failing": ["events stalled"]})
    redis.close()


def test_the_scheduler_calls_and_shows_the_condition(services: LocalServices) -> None:
    port = free_port("127.0.0.1")
    with celery(services, port, "beat", "--pidfile="):
        eventually(lambda: get(port, "/readyz")[0] == 200)
        eventually(lambda: 'muster_scheduler_calls_total{task="events.drain"}' in get(port, "/metrics")[1])
        assert "muster_pipeline_gateways 0.0" in get(port, "/metrics")[1]
        assert "process_cpu_seconds_total" in get(port, "/metrics")[1]
