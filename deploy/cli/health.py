"""``muster health``: how a container's process is. One small command for every part."""

import urllib.error
import urllib.request
from enum import StrEnum
from typing import Annotated

import typer

from deploy.stack.errors import StackError
from deploy.stack.parts import reachable
from shared.settings import Settings, load_settings

PATIENCE_SECONDS = 5.0
"""The slowest answer waits for a Redis and a PostgreSQL that do not answer, 2 s each."""


class Process(StrEnum):
    """A kind of process."""

    API = "api"
    GATEWAY = "gateway"
    WORKER = "worker"
    SCHEDULER = "scheduler"


class Unwell(StackError):
    """The process does not answer, or says what ails it."""

    exit_code = 1


def health(
    process: Process,
    live: Annotated[bool, typer.Option("--live", help="Only whether a restart would help.")] = False,
) -> None:
    """Ask this machine's process how it is: exit 0 when it can do its work, 1 when it cannot."""
    url = _address(load_settings(), process) + ("/livez" if live else "/readyz")
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310 - http, our own
            typer.echo(answer.read().decode())
    except urllib.error.HTTPError as error:
        raise Unwell(f"{process}: {error.read().decode()}") from None
    except OSError as error:
        raise Unwell(f"{process} does not answer at {url}: {error}") from None


def _address(settings: Settings, process: Process) -> str:
    match process:
        case Process.API:
            return reachable(settings.api_host, settings.api_port)
        case Process.GATEWAY:
            return reachable(settings.gateway_host, settings.gateway_port)
        case Process.WORKER:
            return reachable(settings.worker_host, settings.worker_metrics_port)
        case Process.SCHEDULER:
            return reachable(settings.worker_host, settings.scheduler_metrics_port)
