"""The parts of Muster that ``muster up`` starts, as the production deployment would, one process each."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.program import Program
from shared.settings import Settings

POOLS = {"events": 2, "suggestions": 1, "exports": 1, "maintenance": 1}
"""Queue family → processes. Two for events, so that one slow batch does not hold up a roll."""

PROCESS_NAMES = ("muster", "postgres", "valkey", "migrate", "demo", "api", "gateway", *POOLS, "beat")
"""Everyone who speaks in the terminal, in the order of their colours."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process, and how it shows that it is ready: by HTTP, by what it prints, or by living."""

    program: Program
    ready_url: str | None = None
    ready_text: str | None = None


def edge_parts(settings: Settings, variables: Mapping[str, str]) -> list[Part]:
    """What people's browsers talk to."""
    api = reachable(settings.api_host, settings.api_port)
    gateway = reachable(settings.gateway_host, settings.gateway_port)
    return [
        Part(_python("api", variables, "api"), ready_url=f"{api}/readyz"),
        Part(_python("gateway", variables, "gateway"), ready_url=f"{gateway}/readyz"),
    ]


def worker_parts(settings: Settings, variables: Mapping[str, str]) -> list[Part]:
    """What works behind them: one worker per queue family, and the schedule."""
    celery = ("celery", "--quiet", "-A", "workers.app")  # without its banner of 20 lines
    level = f"--loglevel={settings.log_level}"
    quiet = ("--without-gossip", "--without-mingle", level)
    ports = _metrics_ports(settings)
    parts = []
    for queue, size in POOLS.items():
        pool = ("-Q", queue, "-n", f"{queue}@%h", "-c", str(size))
        worker = _python(queue, {**variables, **ports[queue]}, *celery, "worker", *pool, *quiet)
        parts.append(Part(worker, ready_text=" ready." if settings.log_level in ("DEBUG", "INFO") else None))
    beat = _python("beat", variables, *celery, "beat", "--pidfile=", level)
    return [*parts, Part(beat)]


def _metrics_ports(settings: Settings) -> dict[str, dict[str, str]]:
    """All pools run on one machine here, so each has a port of its own: the next ones after the scheduler's."""
    first, following = settings.worker_metrics_port, settings.scheduler_metrics_port + 1
    ports = [first, *range(following, following + len(POOLS) - 1)] if first else [0] * len(POOLS)
    return {queue: {"MUSTER_WORKER_METRICS_PORT": str(port)} for queue, port in zip(POOLS, ports, strict=True)}


def command_program(name: str, variables: Mapping[str, str], *arguments: str) -> Program:
    """One of our own commands, run to its end as a process, so that Ctrl-C can end it at any time."""
    return _python(name, variables, "deploy.cli", *arguments)


def _python(name: str, variables: Mapping[str, str], *arguments: str) -> Program:
    environment = {**_inherited(), **variables, "PYTHONUNBUFFERED": "1"}
    return Program(name, (sys.executable, "-m", *arguments), environment, directory=Path.cwd())


def _inherited() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}


def reachable(host: str, port: int) -> str:
    """Where a server on ``host`` is asked from this machine."""
    local = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{local}:{port}"
