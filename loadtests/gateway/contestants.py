"""The contestants of the benchmark: the yardstick, we, and whoever can be had."""

import json
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from redis import Redis

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from gateway.redis_link import Command
from loadtests.gateway.contestant import CHANNELS, FIRST_PORT, Contestant, Publish, named, strangers
from loadtests.gateway.hall import MUSTER, open_halls
from loadtests.gateway.member import frame
from loadtests.gateway.others import others
from loadtests.gateway.publisher import Publisher
from shared import keys
from shared.bus import HISTORY_LENGTH, HISTORY_SECONDS, POSITION_SECONDS
from shared.domain.words import Role
from shared.ids import new_id
from shared.lua import script
from shared.tokens import Tokens


def contestants(local: LocalServices, home: Path) -> list[Contestant]:
    """The yardstick first, then we, then whoever can be had, and what nobody comes below."""
    return [*both(local), _manager(local), *others(local.redis_url, home), _floor(local)]


def both(local: LocalServices) -> list[Contestant]:
    """The yardstick and we."""
    return [_plain(local), _muster(local)]


def _redis(local: LocalServices) -> Callable[[], Publish]:
    def connect() -> Publish:
        publisher = Publisher(local.redis_url)
        return lambda channel, payloads: publisher.say([("PUBLISH", channel, payload) for payload in payloads])

    return connect


def _plain(local: LocalServices) -> Contestant:
    port = FIRST_PORT
    command = [sys.executable, "-m", "loadtests.gateway.rivals.plain", str(port), local.redis_url]
    return Contestant("plain websockets + Redis", port, command, named("room"), strangers, _redis(local))


def _floor(local: LocalServices) -> Contestant:
    port = FIRST_PORT + 9
    command = [sys.executable, "-m", "loadtests.gateway.rivals.floor", str(port), local.redis_url]
    return Contestant("(the least Python can do)", port, command, named("ground"), strangers, _redis(local))


def _manager(local: LocalServices) -> Contestant:
    port = FIRST_PORT + 1
    command = [sys.executable, "-m", "uvicorn", "loadtests.gateway.rivals.manager:app", "--port", str(port)]
    command += ["--log-level", "warning", "--ws-per-message-deflate", "false", "--ws-ping-interval", "15"]
    environment = {"MANAGER_REDIS_URL": local.redis_url}
    return Contestant(
        "Starlette + uvicorn + Redis", port, command, named("hall"), strangers, _redis(local), {}, environment
    )


def _muster(local: LocalServices) -> Contestant:
    port = FIRST_PORT + 2
    environment = {
        **local.environment(),
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_GATEWAY_PORT": str(port),
        "MUSTER_GATEWAY_METRICS_PORT": "0",
        "MUSTER_GATEWAY_ACCEPT_RATE": "100000",
        "MUSTER_GATEWAY_FRAMES": "100000",
        "MUSTER_LOG_LEVEL": "WARNING",
    }
    tokens = Tokens(checked(environment))
    halls = {hall.channel: hall for hall in open_halls(Redis.from_url(local.redis_url), CHANNELS, 1)}

    def admins(channel: str, count: int) -> list[dict[str, Any]]:
        """Staff, who are sent every push: nothing is merged for them."""
        people = []
        for _ in range(count):
            token, _ = tokens.issue(new_id(), Role.ADMIN, datetime.now(UTC), timedelta(hours=1))
            connect = {"type": "CONNECT", "token": token, "subscribe": [{"channel": channel}]}
            people.append({"path": "/ws", "first": [b64encode(frame(json.dumps(connect).encode())).decode()]})
        return people

    def publisher() -> Publish:
        redis = Publisher(local.redis_url)
        return lambda channel, payloads: redis.say([pushed(channel, halls[channel].session_id, payloads)])

    command = [sys.executable, "-m", "gateway"]
    return Contestant("Muster", port, command, list(halls), admins, publisher, MUSTER, environment)


_PUBLISH = script("publish")


def push(redis: Redis, channel: str, session_id: UUID, payloads: Sequence[bytes], kind: bytes = b"MARK") -> None:
    """Publish as the workers do."""
    client: Any = redis
    client.execute_command(*pushed(channel, session_id, payloads, kind))


def pushed(channel: str, session_id: UUID, payloads: Sequence[bytes], kind: bytes = b"MARK") -> Command:
    """What the workers say to publish: one atomic step for all."""
    arguments: list[Any] = [channel, "bench", HISTORY_LENGTH, HISTORY_SECONDS, POSITION_SECONDS]
    for payload in payloads:
        opened = b'{"type":"%s","payload":{"sessionId":"%s","data":%s' % (kind, str(session_id).encode(), payload)
        arguments += [kind, opened]
    return ("EVAL", _PUBLISH, 2, keys.position(channel), keys.history(channel), *arguments)
