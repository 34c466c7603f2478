"""Waiting until a service, a server or a worker is ready."""

import asyncio
from urllib.parse import urlsplit

from deploy.stack.child import Child
from deploy.stack.errors import StackError
from deploy.stack.parts import Part
from deploy.stack.service import Service


async def service_ready(service: Service, seconds: float = 60.0) -> None:
    """Until ``service`` answers; recovery after a crash may take a while."""
    try:
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(service.answers):  # noqa: ASYNC110 - asks another process
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise StackError(f"{service.program.name} does not answer, see its lines above") from None


async def part_ready(part: Part, child: Child) -> None:
    """Until ``part`` is ready to work, for as long as that takes."""
    if part.ready_url:
        while not await answers_ok(part.ready_url):  # noqa: ASYNC110 - asks another process
            await asyncio.sleep(0.1)
    elif part.ready_text:
        await child.heard.wait()


async def answers_ok(url: str) -> bool:
    """Whether a GET of ``url`` is answered with 200 within two seconds."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split()[1:2] == [b"200"]
