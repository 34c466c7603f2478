"""Every server of the benchmark behind one face: how it is started, followed and published to."""

import http.client
import json
import os
import socket
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from redis import Redis

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.gateway.hall import MUSTER, open_halls
from loadtests.gateway.member import frame
from loadtests.gateway.rivals import debian
from shared import keys
from shared.bus import HISTORY_LENGTH, HISTORY_SECONDS, POSITION_SECONDS
from shared.domain.words import Role
from shared.ids import new_id
from shared.lua import script
from shared.tokens import Tokens

Publish = Callable[[str, Sequence[bytes]], None]
"""Publish payloads on a channel, all in one go."""
FIRST_PORT = 18_500


@dataclass
class Contestant:
    """One server. ``guests`` makes members of a channel; ``open`` connects a publisher once it is up."""

    name: str
    port: int
    command: list[str]
    channels: Sequence[str]
    guests: Callable[[str, int], list[dict[str, Any]]]
    open: Callable[[], Publish]
    dialect: dict[str, bytes] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    kept: float = 1.0
    """The share of deliveries that must be counted: NATS cuts its stream anywhere, also in what is looked for."""


def contestants(local: LocalServices, home: Path) -> list[Contestant]:
    """The yardstick first, then we, then whoever can be had."""
    found = [_plain(local), _muster(local), _manager(local)]
    root = debian.unpack(home)
    if root is not None:
        found.append(_nats(root, home))
        with suppress(PermissionError):
            found.append(_nchan(root, home))
    return found


NAMES = [f"room{number}" for number in range(10)]


def _strangers(channel: str, count: int) -> list[dict[str, Any]]:
    return [{"path": f"/{channel}"}] * count


def _redis(local: LocalServices) -> Callable[[], Publish]:
    def connect() -> Publish:
        redis = Redis.from_url(local.redis_url)

        def publish(channel: str, payloads: Sequence[bytes]) -> None:
            pipeline: Any = redis.pipeline(transaction=False)
            for payload in payloads:
                pipeline.publish(channel, payload)
            pipeline.execute()

        return publish

    return connect


def _plain(local: LocalServices) -> Contestant:
    port = FIRST_PORT
    command = [sys.executable, "-m", "loadtests.gateway.rivals.plain", str(port), local.redis_url]
    return Contestant("plain websockets + Redis", port, command, NAMES, _strangers, _redis(local))


def _manager(local: LocalServices) -> Contestant:
    port = FIRST_PORT + 1
    command = [sys.executable, "-m", "uvicorn", "loadtests.gateway.rivals.manager:app", "--port", str(port)]
    command += ["--log-level", "warning", "--ws-per-message-deflate", "false", "--ws-ping-interval", "15"]
    environment = {"MANAGER_REDIS_URL": local.redis_url}
    return Contestant("Starlette + uvicorn + Redis", port, command, NAMES, _strangers, _redis(local), {}, environment)


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
    tokens, redis = Tokens(checked(environment)), Redis.from_url(local.redis_url)
    halls = {hall.channel: hall for hall in open_halls(redis, len(NAMES), 1)}

    def admins(channel: str, count: int) -> list[dict[str, Any]]:
        """Staff, who are sent every push: nothing is merged for them."""
        people = []
        for _ in range(count):
            token, _ = tokens.issue(new_id(), Role.ADMIN, datetime.now(UTC), timedelta(hours=1))
            connect = {"type": "CONNECT", "token": token, "subscribe": [{"channel": channel}]}
            people.append({"path": "/ws", "first": [b64encode(frame(json.dumps(connect).encode())).decode()]})
        return people

    def publisher() -> Publish:
        return lambda channel, payloads: push(redis, channel, halls[channel].session_id, payloads)

    command = [sys.executable, "-m", "gateway"]
    return Contestant("Muster", port, command, list(halls), admins, publisher, MUSTER, environment)


_PUBLISH = script("publish")


def push(redis: Redis, channel: str, session_id: UUID, payloads: Sequence[bytes], kind: bytes = b"MARK") -> None:
    """Publish as the workers do, one atomic step for all."""
    arguments: list[Any] = [channel, "bench", HISTORY_LENGTH, HISTORY_SECONDS, POSITION_SECONDS]
    for payload in payloads:
        opened = b'{"type":"%s","payload":{"sessionId":"%s","data":%s' % (kind, str(session_id).encode(), payload)
        arguments += [kind, opened]
    redis.eval(_PUBLISH, 2, keys.position(channel), keys.history(channel), *arguments)


def _nchan(root: Path, home: Path) -> Contestant:
    port = FIRST_PORT + 3

    def connect() -> Publish:
        line = http.client.HTTPConnection("127.0.0.1", port)

        def publish(channel: str, payloads: Sequence[bytes]) -> None:
            for payload in payloads:
                line.request("POST", f"/pub/{channel}", payload)
                line.getresponse().read()

        return publish

    return Contestant("nchan (memory)", port, debian.nchan(root, home, port), NAMES, _strangers, connect)


def _nats(root: Path, home: Path) -> Contestant:
    port, tcp = FIRST_PORT + 4, FIRST_PORT + 5

    def subscribers(channel: str, count: int) -> list[dict[str, Any]]:
        hello = b'CONNECT {"verbose":false}\r\nSUB %s 1\r\nPING\r\n' % channel.encode()
        return [{"path": "/", "first": [b64encode(frame(hello, 2)).decode()]}] * count

    def connect() -> Publish:
        line = socket.create_connection(("127.0.0.1", tcp))
        line.sendall(b'CONNECT {"verbose":false}\r\n')

        def publish(channel: str, payloads: Sequence[bytes]) -> None:
            said = [b"PUB %s %d\r\n%s\r\n" % (channel.encode(), len(payload), payload) for payload in payloads]
            line.sendall(b"".join(said))
            line.setblocking(False)
            with suppress(BlockingIOError):
                while b"PING" in line.recv(65_536):
                    line.setblocking(True)
                    line.sendall(b"PONG\r\n")
                    line.setblocking(False)
            line.setblocking(True)

        return publish

    dialect = {"ready": b"PONG", "ping": b"PING", "pong": frame(b"PONG\r\n", 2)}
    environment = {"HOME": os.environ.get("HOME", "/")}
    return Contestant(
        "NATS (WebSocket)",
        port,
        debian.nats(root, home, port, tcp),
        NAMES,
        subscribers,
        connect,
        dialect,
        environment,
        kept=0.999,
    )
