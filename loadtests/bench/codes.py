"""What the codes of 1,000 live sessions cost: one and three projectors each, at the pace of real ones.

Every projector asks for the code and its picture once per step, as the page does. A picture is drawn once per step and
session, so three projectors draw no more than one. Goal: at most 0.6 of a core for one each.
"""

import asyncio
import json
import random
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import NullPool, create_engine, insert, text

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.bench.servers import Server, api_environment, server
from loadtests.campus import build_campus
from shared.database import OWNER, sqlalchemy_url
from shared.domain.words import Role
from shared.ids import new_id
from shared.models import User
from shared.settings import Settings
from shared.tokens import Tokens

SESSIONS = 1_000
ROTATE_SECONDS = 15
WARM_UP_SECONDS = 3 * ROTATE_SECONDS
MEASURED_SECONDS = 2 * ROTATE_SECONDS
GOAL = 0.6
PORT, METRICS_PORT = 18_490, 18_491

_PACE = text("""
    UPDATE live_sessions s
    SET teacher_id = t.teacher, rotate_seconds = :rotate, created_at = created_at - :rotate * random() * interval '1 s'
    FROM unnest(CAST(:sessions AS uuid[]), CAST(:teachers AS uuid[])) AS t (session, teacher) WHERE s.id = t.session
""")


@dataclass(frozen=True, slots=True)
class Screen:
    """A session, and its own teacher's token: limits count by person."""

    session_id: UUID
    token: str


def run(local: LocalServices) -> Iterator[str]:
    """The share of a core, with every session shown once and three times."""
    environment = {**api_environment(local, PORT), "MUSTER_API_METRICS_PORT": str(METRICS_PORT)}
    screens = prepare(local, checked(environment))
    yield f"codes of {SESSIONS:,} live sessions, a new one every {ROTATE_SECONDS} s: share of a core"
    for each in (1, 3):
        with server(["-m", "api"], PORT, environment) as api:
            share, seen = asyncio.run(show(api, screens * each))
        goal = f"   (goal: at most {GOAL})" if each == 1 else ""
        shown = f"{each} projector{'s' * (each > 1)} each, {seen.answers / MEASURED_SECONDS:,.0f} answers a second"
        yield f"  {shown:64} {share:9.2f}{goal}"
        yield f"    drawn {seen.drawn / MEASURED_SECONDS:.1f} a second; steps {SESSIONS / ROTATE_SECONDS:.1f} a second"
        if seen.refusals:
            yield f"  {seen.refusals} times a projector was told to come again: this machine was too busy to measure"


def prepare(local: LocalServices, settings: Settings) -> list[Screen]:
    """Running sessions whose steps turn at different moments, each with a teacher of its own."""
    sessions = [
        session.id for session in build_campus(local.database_url, settings, sessions=SESSIONS, students=1).sessions
    ]
    teachers = [new_id() for _ in sessions]
    engine = create_engine(
        sqlalchemy_url(local.database_url), poolclass=NullPool, connect_args={"options": f"-c role={OWNER}"}
    )
    rows = [
        {"id": each, "email": f"{each.hex}@codes.test", "first_name": "T", "last_name": "T", "role": "TEACHER"}
        for each in teachers
    ]
    with engine.begin() as connection:
        connection.execute(insert(User), rows)
        connection.execute(_PACE, {"rotate": ROTATE_SECONDS, "sessions": sessions, "teachers": teachers})
    tokens, now = Tokens(settings), datetime.now(UTC)
    issued = [tokens.issue(each, Role.TEACHER, now, timedelta(hours=1))[0] for each in teachers]
    return [Screen(*each) for each in zip(sessions, issued, strict=True)]


@dataclass
class Seen:
    """What projectors were answered."""

    answers: int = 0
    refusals: int = 0
    drawn: float = 0


async def show(api: Server, screens: list[Screen]) -> tuple[float, Seen]:
    """Show all of them; the server's share of a core, and what it answered, once everybody is at their pace."""
    seen = Seen()
    projectors = [asyncio.create_task(project(screen, seen)) for screen in screens]
    await asyncio.sleep(WARM_UP_SECONDS)
    seen.answers = seen.refusals = 0
    drawn = await asyncio.to_thread(pictures_drawn)
    used, since = api.cpu_seconds(), time.monotonic()
    await asyncio.sleep(MEASURED_SECONDS)
    share = (api.cpu_seconds() - used) / (time.monotonic() - since)
    measured = Seen(seen.answers, seen.refusals, await asyncio.to_thread(pictures_drawn) - drawn)
    for projector in projectors:
        projector.cancel()
    failed = [done for done in await asyncio.gather(*projectors, return_exceptions=True) if isinstance(done, Exception)]
    if failed:
        raise failed[0]
    return share, measured


def pictures_drawn() -> float:
    """How many pictures the server has drawn so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{METRICS_PORT}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith("muster_api_code_pictures_total "))


async def project(screen: Screen, seen: Seen) -> None:
    """One projector: code, picture, and again when the step ends. They do not all come in the same moment."""
    await asyncio.sleep(random.uniform(0, ROTATE_SECONDS))
    while True:
        left = await renew(screen)
        if left is None:
            seen.refusals += 1
            await asyncio.sleep(1)  # as the page does
        else:
            seen.answers += 2
            await asyncio.sleep(max(0.0, left) + 0.05)


async def renew(screen: Screen) -> float | None:
    """Code and picture of a step over one connection, idle for too long to be kept; the seconds it has left."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    path = f"/api/v1/sessions/{screen.session_id}/qr"
    try:
        answer = await get(reader, writer, path, screen.token)
        code: dict[str, Any] = json.loads(answer or b"{}")
        if not answer or not await get(reader, writer, f"{path}.svg?step={code['step']}", screen.token):
            return None
        return (datetime.fromisoformat(code["expiresAt"]) - datetime.now(UTC)).total_seconds()
    finally:
        writer.close()


async def get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, token: str) -> bytes:
    """The body of a good answer; nothing when the server says that it cannot just now."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length:"))
    body = await reader.readexactly(int(length.partition(b":")[2]))
    if head.startswith(b"HTTP/1.1 503"):
        return b""
    if not head.startswith(b"HTTP/1.1 200"):
        raise AssertionError(f"{path}: {head.splitlines()[0].decode()}")
    return body
