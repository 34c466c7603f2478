"""Measuring the pipeline's condition, for whoever wants to know how it is."""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import keys
from shared.messages.condition import CONDITION_SECONDS, Condition, encode
from workers.ports import Ports
from workers.progress import PATIENCE, SCHEDULE, oldest_seconds, stalled

QUEUES = tuple(part for part in PATIENCE if part != SCHEDULE)

log = structlog.get_logger()

_COUNTS = text("""
    SELECT (SELECT count(*) FROM inbox), (SELECT count(*) FROM dead_letters),
           (SELECT count(*) FROM session_suggestions WHERE facts_seen < facts)
""")


def take_condition(ports: Ports) -> Condition:
    """Measure, and leave it where the status page and the scheduler find it."""
    canary_age, canary_seconds = _canary(ports.redis, ports.now())
    inbox, dead, due = _counted(ports)
    taken = Condition(
        measured_at=ports.now(),
        stream_entries=ports.redis.xlen(keys.EVENTS),
        oldest_seconds=oldest_seconds(ports.redis),
        queues={queue: ports.redis.llen(queue) for queue in QUEUES},
        stalled=stalled(ports.redis, PATIENCE),
        canary_seconds=canary_seconds,
        canary_age=canary_age,
        inbox_events=inbox,
        dead_letters=dead,
        suggestions_due=due,
    )
    ports.redis.set(keys.CONDITION, encode(taken), ex=CONDITION_SECONDS)
    return taken


def _canary(redis: Any, now: datetime) -> tuple[float | None, float | None]:
    sent, seconds = redis.hmget(keys.CANARY, ["sent", "seconds"])
    if sent is None or seconds is None:
        return None, None
    return (now - datetime.fromisoformat(sent.decode())).total_seconds(), float(seconds)


def _counted(ports: Ports) -> tuple[int | None, int | None, int | None]:
    """What PostgreSQL knows. While it is away the rest is all the more wanted."""
    try:
        with ports.engine.connect() as connection:
            inbox, dead, due = connection.execute(_COUNTS).one()
    except SQLAlchemyError as error:
        log.warning("condition without the database", reason=type(error).__name__)
        return None, None, None
    return inbox, dead, due
