"""``muster up``: the whole of Muster in one terminal.

Composition root of the local stack: services, migration, demo campus, then one process per part.
"""

import asyncio
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.banner import banner
from deploy.stack.console import Console, wants_colour
from deploy.stack.home import Home, open_home, write_env
from deploy.stack.lock import locked
from deploy.stack.parts import PROCESS_NAMES
from deploy.stack.postgres import prepare_postgres
from deploy.stack.service import Service
from deploy.stack.services import External, find_services
from deploy.stack.settings import checked, effective, settle_ports
from deploy.stack.supervisor import Supervisor
from deploy.stack.valkey import prepare_valkey
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person at the terminal asked for; ``None`` leaves it to the environment or the default."""

    home: Path | None = None
    api_port: int | None = None
    gateway_port: int | None = None
    demo: bool = True


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything decided, nothing started."""

    home: Home
    settings: Settings
    variables: dict[str, str]
    services: list[Service]
    demo: bool


def up(wishes: Wishes) -> None:
    """Run Muster until SIGINT or SIGTERM. Raises :class:`StackError` where it cannot start."""
    console = Console(sys.stdout, PROCESS_NAMES, colour=wants_colour(sys.stdout, os.environ))
    home = open_home(wishes.home)
    placeholder = _variables(wishes, home, "postgresql:///", "unix:///")
    urls = checked(placeholder)
    with locked(home, f"pages at {urls.public_url}, live updates at {urls.gateway_url}"):
        # Ports are looked at before anything is started, and after the lock: our own stack has them too.
        ports = settle_ports(placeholder)
        home.env_file.unlink(missing_ok=True)
        stack = _prepare(wishes, home, ports, console)
        try:
            asyncio.run(_run(stack, console))
        finally:
            home.env_file.unlink(missing_ok=True)


def _variables(wishes: Wishes, home: Home, database_url: str, redis_url: str) -> dict[str, str]:
    return effective(
        os.environ,
        database_url=database_url,
        redis_url=redis_url,
        secret_key=home.secret(),
        api_port=wishes.api_port,
        gateway_port=wishes.gateway_port,
    )


def _prepare(wishes: Wishes, home: Home, variables: dict[str, str], console: Console) -> Stack:
    database, redis = find_services(os.environ)
    services: list[Service] = []
    for source, name in ((database, "MUSTER_DATABASE_URL"), (redis, "MUSTER_REDIS_URL")):
        if isinstance(source, External):
            variables[name] = source.url
            continue
        if name == "MUSTER_DATABASE_URL":
            service = prepare_postgres(home, source.program, console.say)
        else:
            service = prepare_valkey(home, source.program)
        variables[name] = service.url
        services.append(service)
    demo = wishes.demo and importlib.util.find_spec("deploy.demo") is not None
    return Stack(home, checked(variables), variables, services, demo)


async def _run(stack: Stack, console: Console) -> None:
    supervisor = Supervisor(console)
    async with supervisor.until_stopped():
        await supervisor.start_services(stack.services)
        await supervisor.run_command("migrate", stack.variables, "migrate")
        if stack.demo:
            await supervisor.run_command("demo", stack.variables, "demo", "load")
        write_env(stack.home.env_file, stack.variables)
        await supervisor.start_parts(stack.settings, stack.variables)
        console.block(banner(stack.settings, stack.home.root, demo=stack.demo))
