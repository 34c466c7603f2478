"""What a task may use: the connections of this pool process, opened at its start and closed at its end."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from redis import Redis
from sqlalchemy import Engine

from shared.bus import Publisher, RedisPublisher
from shared.database import worker_engine
from shared.redis import sync_redis
from shared.settings import Settings


def utc_now() -> datetime:
    """Server time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one process."""

    settings: Settings
    engine: Engine
    redis: Redis
    publisher: Publisher
    consumer: str
    now: Callable[[], datetime] = utc_now


_opened: Ports | None = None


def make_ports(settings: Settings, consumer: str) -> Ports:
    """Real ports. ``consumer`` names this process in the stream's group."""
    redis = sync_redis(settings)
    return Ports(settings, worker_engine(settings), redis, RedisPublisher(redis), consumer)


def open_ports(settings: Settings) -> None:
    """Open this process's ports."""
    global _opened
    _opened = make_ports(settings, f"{socket.gethostname()}-{os.getpid()}")


def close_ports() -> None:
    """Close them."""
    global _opened
    if _opened is not None:
        _opened.engine.dispose()
        _opened.redis.close()
        _opened = None


def current() -> Ports:
    """The ports of this process."""
    if _opened is None:
        raise RuntimeError("the worker process has not been initialised")
    return _opened
