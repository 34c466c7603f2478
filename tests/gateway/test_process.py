"""The gateway as a process: health, metrics, and its end."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any, cast
from urllib.error import HTTPError
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gateway.closing import Close
from gateway.serving import Gateway
from tests.gateway.conftest import Ground
from tests.gateway.page import Page, page
from tests.gateway.valkey import Valkey


def free_port() -> int:
    """A port nobody listens on just now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body of a GET."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


@asynccontextmanager
async def process(ground: Ground, **variables: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """``python -m gateway``; killed if the block leaves it running."""
    settings = ground.settings
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")} | {
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_DATABASE_URL": settings.database_url,
        "MUSTER_REDIS_URL": settings.redis_url,
        "MUSTER_SECRET_KEY": settings.secret_key.get_secret_value(),
        "MUSTER_GATEWAY_METRICS_PORT": "0",
        **{f"MUSTER_{name.upper()}": str(value) for name, value in variables.items()},
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.communicate()


async def log_line(started: asyncio.subprocess.Process, event: str) -> dict[str, Any]:
    """The log line that reports this event."""
    assert started.stderr is not None
    async with asyncio.timeout(20):
        while line := await started.stderr.readline():
            entry = cast(dict[str, Any], json.loads(line))
            if entry["event"] == event:
                return entry
    raise AssertionError(f"{event} was never logged")


async def test_livez_and_readyz_answer_on_the_same_port(running: Gateway) -> None:
    assert await asyncio.to_thread(get, running.port, "/livez") == (200, '{"status":"ok"}')
    assert await asyncio.to_thread(get, running.port, "/readyz") == (200, '{"status":"ok"}')


async def test_readyz_names_what_fails(ground: Ground) -> None:
    async with ground.gateway(redis_url="unix:///nowhere.sock", redis_timeout=0.2) as alone:
        status, body = await asyncio.to_thread(get, alone.port, "/readyz")
        assert (status, json.loads(body)["failing"]) == (503, ["redis", "pubsub"])
        assert (await asyncio.to_thread(get, alone.port, "/livez"))[0] == 200


async def test_sigterm_sends_everyone_elsewhere_and_exits_cleanly(ground: Ground, valkey: Valkey) -> None:
    port, metrics_port = free_port(), free_port()
    async with process(ground, gateway_port=port, gateway_metrics_port=metrics_port) as started:
        up = await log_line(started, "gateway is up")
        assert {"timestamp", "level", "process"} <= set(up)
        async with connect(f"ws://127.0.0.1:{port}/ws", compression=None) as opened:
            client = Page(opened)
            await client.send("CONNECT", token=ground.campus.token())
            await client.expect("CONNECTED")
            _, exposed = await asyncio.to_thread(get, metrics_port, "/metrics")
            assert "muster_gateway_connections 1.0" in exposed
            began = time.monotonic()
            started.send_signal(signal.SIGTERM)
            assert "maxJitterMs" in await client.data("RECONNECT")
            assert await client.code() == Close.RESTART
        async with asyncio.timeout(10):
            await started.communicate()
        assert started.returncode == 0
        assert time.monotonic() - began < 5


async def test_neither_tokens_nor_tickets_are_logged(ground: Ground) -> None:
    port = free_port()
    ticket, token = await ground.campus.ticket(uuid4()), ground.campus.token()
    async with process(ground, gateway_port=port, log_level="DEBUG") as started:
        await log_line(started, "gateway is up")
        for path, frame in (
            (f"/ws?ticket={ticket}", {"type": "PING"}),
            (f"/ws?ticket={ticket}", {"type": "PING"}),
            ("/ws", {"type": "CONNECT", "token": token}),
            ("/ws", {"type": "CONNECT", "token": token[:-8]}),
            ("/ws", {"type": "CONNECT", "token": token, "ticket": ticket}),
        ):
            async with connect(f"ws://127.0.0.1:{port}{path}", compression=None) as opened:
                with suppress(ConnectionClosed):  # Some of these are refused before they are heard out.
                    await opened.send(json.dumps(frame))
                    await opened.recv()
        started.send_signal(signal.SIGTERM)
        _, logged = await started.communicate()
    assert b"protocol broken" in logged
    assert b"token refused" in logged
    for secret in (ticket, token, token.split(".")[1], token.split(".")[2]):
        assert secret.encode() not in logged


async def test_a_taken_port_is_one_line_and_exit_69(ground: Ground, running: Gateway) -> None:
    async with process(ground, gateway_port=running.port) as started:
        async with asyncio.timeout(20):
            _, errors = await started.communicate()
        assert started.returncode == 69
        assert len(errors.decode().splitlines()) == 1


async def test_a_client_that_ignores_the_end_is_cut(ground: Ground) -> None:
    async with ground.gateway() as running:
        client = page(running, ground.campus.token())
        opened = await client.__aenter__()
        opened.socket.transport.pause_reading()
        async with asyncio.timeout(5):
            await running.drain()
        opened.socket.transport.abort()
