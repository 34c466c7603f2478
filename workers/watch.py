"""Watching tasks as they run: metrics, progress, and the port on which both are shown.

Imported by Celery with the tasks, after :func:`workers.exporter.share_metrics` was called.
"""

import time
from typing import Any

import structlog
from celery import Task
from celery.signals import after_task_publish, beat_init, task_postrun, task_prerun, worker_ready
from redis.exceptions import RedisError

from shared.redis import sync_redis
from shared.settings import load_settings
from workers import exporter, progress
from workers.metrics import CALLS, TASK_SECONDS, TASKS
from workers.ports import current

log = structlog.get_logger()

_began: dict[str, float] = {}
"""Task id → when it began, in this pool process."""


@task_prerun.connect
def _begin(task_id: str, **_: object) -> None:
    _began[task_id] = time.perf_counter()


@task_postrun.connect
def _end(task_id: str, task: Task, state: str, **_: object) -> None:
    TASKS.labels(task.name, state).inc()
    TASK_SECONDS.labels(task.name).observe(time.perf_counter() - _began.pop(task_id))
    queue = (task.request.delivery_info or {}).get("routing_key")
    if queue in progress.PATIENCE and queue != "events":  # a drain that found nothing is no progress
        _note(current().redis, queue)


@worker_ready.connect
def _show_worker(sender: Any, **_: object) -> None:
    settings = load_settings()
    exporter.serve(settings, settings.worker_metrics_port, _queues(sender))


@beat_init.connect
def _show_scheduler(**_: object) -> None:
    settings = load_settings()
    exporter.serve(settings, settings.scheduler_metrics_port, [progress.SCHEDULE], with_condition=True)
    redis = sync_redis(settings)

    @after_task_publish.connect(weak=False)
    def called(sender: str, **_: object) -> None:
        CALLS.labels(sender).inc()
        _note(redis, progress.SCHEDULE)


def _queues(consumer: Any) -> list[str]:
    """The queues that this worker reads."""
    return list(consumer.app.amqp.queues.consume_from)


def _note(redis: Any, part: str) -> None:
    """Noting is never a reason for a task to fail."""
    try:
        progress.note(redis, part)
    except RedisError as error:
        log.warning("progress not noted", part=part, reason=type(error).__name__)
