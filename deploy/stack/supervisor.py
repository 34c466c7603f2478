"""Starts everything in order, keeps it running, stops everything in reverse."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from deploy.stack.child import Child, how_it_ended
from deploy.stack.console import Console
from deploy.stack.errors import StackError
from deploy.stack.parts import Part, command_program, edge_parts, worker_parts
from deploy.stack.readiness import part_ready, service_ready
from deploy.stack.service import Service
from shared.settings import Settings

STOP_SECONDS = {"edge": 2.5, "workers": 3.0, "valkey": 1.5, "postgres": 2.0}
"""Who is stopped in which order, and how long each may take: 9 s in all, 10 are promised (spec 7).

A worker that is killed in the middle of a batch loses nothing: what it had not committed is still in the
stream.
"""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """All processes of one local stack."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._groups: dict[str, list[Child]] = {name: [] for name in STOP_SECONDS}
        self._stop = asyncio.Event()

    @asynccontextmanager
    async def until_stopped(self) -> AsyncIterator[None]:
        """Run the block, then wait for a signal; a signal during the block ends it. Stops everything."""
        loop = asyncio.get_running_loop()
        starting = asyncio.current_task()
        assert starting is not None

        def stop() -> None:
            if not self._stop.is_set():
                self._stop.set()
                starting.cancel()

        for number in SIGNALS:
            loop.add_signal_handler(number, stop)
        try:
            yield
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise
            starting.uncancel()
        finally:
            await self._stop_all()

    async def start_services(self, services: list[Service]) -> None:
        """The databases, all at once; returns when they answer."""
        for service in services:
            self._groups[service.program.name].append(Child(service.program, self._console).start())
        await asyncio.gather(*map(service_ready, services))

    async def run_command(self, name: str, variables: Mapping[str, str], *arguments: str) -> None:
        """One of our commands, to its end; :class:`StackError` where it fails."""
        child = Child(command_program(name, variables, *arguments), self._console)
        self._groups["workers"].append(child)
        code = await child.run_once()
        self._groups["workers"].remove(child)
        if code != 0:
            raise StackError(f"`muster {' '.join(arguments)}` {how_it_ended(code)}, see above")

    async def start_parts(self, settings: Settings, variables: Mapping[str, str]) -> None:
        """Workers and edge together; returns when each of them is ready to work."""
        groups = {"workers": worker_parts(settings, variables), "edge": edge_parts(settings, variables)}
        waiting = {}
        for group, parts in groups.items():
            for part in parts:
                child = Child(part.program, self._console, part.ready_text).start()
                self._groups[group].append(child)
                waiting[asyncio.create_task(part_ready(part, child))] = part
        await self._all_ready(waiting)

    async def _all_ready(self, waiting: dict["asyncio.Task[None]", Part], patience: float = 30.0) -> None:
        """Wait for all, and name from time to time whom we still wait for."""
        pending = set(waiting)
        try:
            while pending:
                _, pending = await asyncio.wait(pending, timeout=patience)
                if pending:
                    names = sorted(waiting[task].program.name for task in pending)
                    self._console.trouble("muster", f"still waiting for {', '.join(names)}")
        finally:
            for task in pending:
                task.cancel()

    async def _stop_all(self) -> None:
        begun = time.monotonic()
        self._console.say("stopping")
        for name, seconds in STOP_SECONDS.items():
            await asyncio.gather(*(child.stop(seconds) for child in self._groups[name]))
        self._console.say(f"stopped in {time.monotonic() - begun:.1f} s")
