"""A browser, and the stage it plays on, once for all browser tests."""

import asyncio
import socket
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser
from starlette.applications import Starlette

from api.wire import HttpProtocol
from tests.browser.chromium import CHROMIUM, chromium
from tests.browser.rooms import Room
from tests.stack import Stack, free_ports

Pull = Callable[..., Awaitable[dict[str, Any]]]
"""Pulls a rope of the stage (stage/app.py) and gives the snapshot after it."""


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Headless Chromium; the tests are left out, and say so, where it is missing."""
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: browser tests are left out")
    async with chromium() as started:
        yield started


@pytest.fixture(scope="session")
async def stage() -> AsyncIterator[str]:
    """The address of the stage, a process of its own."""
    (port,) = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.browser.stage", str(port), stdout=DEVNULL
    )
    address = f"http://localhost:{port}"
    try:
        await _answers(f"{address}/login")
        yield address
    finally:
        process.terminate()
        await process.wait()


@pytest.fixture(scope="module")
async def base(app: Starlette) -> AsyncIterator[str]:
    """The address of the API in this process, with the demo campus: for pages that need no other."""
    door = socket.create_server(("127.0.0.1", 0))  # who comes before it is served waits
    server = uvicorn.Server(uvicorn.Config(app, http=HttpProtocol, lifespan="off", log_config=None, ws="none"))
    serving = asyncio.create_task(server.serve([door]))
    yield f"http://localhost:{door.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
async def pull(stage: str) -> Pull:
    """A fresh class on the stage, and its ropes."""

    async def order(do: str, **arguments: Any) -> dict[str, Any]:
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"{stage}/stage", json={"do": do, **arguments})
        shown: dict[str, Any] = answer.raise_for_status().json()
        return shown

    await order("reset")
    return order


@pytest.fixture
async def room(stack: Stack, browser: Browser) -> AsyncIterator[Room]:
    """The running product."""
    made = Room(stack, browser)
    yield made
    await made.close()


async def _answers(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(400):  # a crowded machine takes a while to import it all
            try:
                await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
    raise TimeoutError(f"the stage does not answer at {url}")
