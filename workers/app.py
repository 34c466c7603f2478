"""The Celery application: ``celery -A workers.app worker -Q events`` is all it takes.

Four queues, so that operations can scale their pools apart: ``events`` (drains), ``suggestions``, ``exports`` and
``maintenance``. Messages are nudges and periodic calls; facts live in the stream, the inbox and PostgreSQL.
"""

import logging
from functools import cache
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_process_shutdown

from shared.logs import configure_logs
from shared.queue import DRAIN, EXPORT, broker_options, broker_url
from shared.settings import Settings, load_settings
from workers import ports
from workers.exporter import share_metrics

QUEUES = ("events", "suggestions", "exports", "maintenance")


def create_celery(settings: Settings) -> Celery:
    """The application with every setting that matters (4-pipeline 4.2)."""
    modules = ["workers.tasks", "workers.watch"]
    celery = Celery("muster", broker=broker_url(settings), include=modules, set_as_current=True)
    celery.conf.update(
        broker_transport_options=broker_options(settings),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        task_default_queue="maintenance",
        task_routes={"events.*": "events", "suggestions.*": "suggestions", "exports.*": "exports"},
        task_acks_late=False,  # a nudge that dies with its worker is called again by the schedule
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_soft_shutdown_timeout=5,
        worker_enable_soft_shutdown_on_idle=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        timezone="UTC",
        beat_schedule=schedule(),
        beat_scheduler="redbeat.RedBeatScheduler",
        redbeat_redis_url=settings.redis_url,
        redbeat_key_prefix="muster:beat:",
        redbeat_lock_timeout=15,
        beat_max_loop_interval=1,
    )
    return celery


def schedule() -> dict[str, dict[str, Any]]:
    """What RedBeat calls. The drain's is the safety net under every lost nudge."""
    return {
        "drain": {"task": DRAIN, "schedule": 1.0, "options": {"queue": "events", "expires": 10}},
        "suggest": {"task": "suggestions.compute_due", "schedule": 5.0, "options": {"expires": 5}},
        "flags": {"task": "suggestions.flag_patterns", "schedule": 30.0, "options": {"expires": 30}},
        "export": {"task": EXPORT, "schedule": 10.0, "options": {"queue": "exports", "expires": 10}},
        "forget-exports": {"task": "maintenance.forget_exports", "schedule": 600.0, "options": {"expires": 600}},
        "close-overdue": {"task": "maintenance.close_overdue", "schedule": 60.0, "options": {"expires": 60}},
        "call": {"task": "maintenance.ask_by_rule", "schedule": 10.0, "options": {"expires": 10}},
        "sweep": {"task": "maintenance.sweep", "schedule": 10.0, "options": {"expires": 10}},
        "forget-deliveries": {"task": "maintenance.forget_deliveries", "schedule": 3600.0, "options": {"expires": 600}},
        "snapshot": {"task": "maintenance.take_snapshots", "schedule": 10.0, "options": {"expires": 10}},
        "condition": {"task": "maintenance.take_condition", "schedule": 5.0, "options": {"expires": 5}},
        "canary": {"task": "maintenance.send_canary", "schedule": 60.0, "options": {"expires": 30}},
        "project": {"task": "maintenance.project_sessions", "schedule": 30.0, "options": {"expires": 30}},
    }


@setup_logging.connect
def _logs(**_: object) -> None:
    configure_logs(load_settings(), "worker")
    for chatty in (
        "celery.worker.strategy",
        "celery.app.trace",
        "celery.beat",
    ):  # two lines per nudge would drown the rest
        logging.getLogger(chatty).setLevel(logging.WARNING)


@worker_process_init.connect
def _open(**_: object) -> None:
    """Connections must not cross a fork: each pool process opens its own."""
    ports.open_ports(load_settings())


@worker_process_shutdown.connect
def _close(**_: object) -> None:
    ports.close_ports()


@cache
def _application() -> Celery:
    share_metrics()
    return create_celery(load_settings())


def __getattr__(name: str) -> Celery:
    """``workers.app.app``, made when Celery's command line asks for it: nothing reads the environment at import."""
    if name == "app":
        return _application()
    raise AttributeError(name)
