"""The stack that may be hurt: real processes in a home of their own, reached through proxies, each by its name."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals

import psutil

from deploy.stack.child import Child
from deploy.stack.console import Console
from deploy.stack.home import open_home
from deploy.stack.lock import locked
from deploy.stack.parts import Part, edge_parts, worker_parts
from deploy.stack.readiness import answers_ok, part_ready, service_ready
from deploy.stack.service import Service
from deploy.stack.settings import checked
from loadtests.chaos.disks import Disk, small_disks
from loadtests.chaos.fault_proxy import FaultProxy
from loadtests.chaos.places import by_proxy, data_of, services_of, socket_of, variables_of
from shared.migrations import migrate
from shared.settings import Settings

LONGEST_PAUSE = 0.5
"""Seconds before a killed program is started again, however often it is killed."""
READY_SECONDS = 120.0
STOP_SECONDS = 5.0
GROWN_SECONDS = 6.0
"""Nobody is killed who has not been well for this long: a stack that never comes up proves nothing."""
LOOK_SECONDS = 1.0
SERVICES = ("valkey", "postgres")


@dataclass(slots=True)
class Rig:
    """A running stack. ``direct`` settings go around the proxies, for whoever looks on; there are no ``disks`` where
    nothing may be mounted."""

    settings: Settings
    direct: Settings
    services: dict[str, Service]
    proxies: dict[str, FaultProxy]
    console: Console
    disks: dict[str, Disk]
    children: dict[str, Child] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    well_since: dict[str, float] = field(default_factory=dict)

    def send(self, name: str, number: Signals) -> bool:
        """Send a signal to a part or service; whether it was there."""
        child = self.children.get(name)
        if child is None or child.pid is None:
            return False
        os.kill(child.pid, number)
        return True

    def send_group(self, name: str, number: Signals) -> None:
        """Send a signal to a part and the processes of its pool."""
        child = self.children.get(name)
        if child is not None and child.pid is not None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, number)

    async def again_ready(self, name: str, seconds: float = 30.0) -> None:
        """Until a part that was stopped runs anew and is ready, where it can say so."""
        ready_url = self.parts[name].ready_url
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.age(name) < 1.0 or not (ready_url is None or await answers_ok(ready_url)):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)

    def age(self, name: str) -> float:
        """Seconds since it was started; 0 when it does not run."""
        child = self.children.get(name)
        with suppress(psutil.NoSuchProcess):
            return time.time() - psutil.Process(child.pid).create_time() if child and child.pid else 0.0
        return 0.0

    def is_grown(self, name: str) -> bool:
        """Whether it has been well for a while."""
        return time.monotonic() - self.well_since.get(name, time.monotonic()) > GROWN_SECONDS

    async def look_after(self) -> None:
        """Note since when everybody is well; until cancelled."""
        while True:
            for name in list(self.children):
                if await self._is_well(name):
                    self.well_since.setdefault(name, time.monotonic())
                else:
                    self.well_since.pop(name, None)
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_well(self, name: str) -> bool:
        """Whether it has run for a moment and answers, where it can be asked."""
        if self.age(name) < LOOK_SECONDS:
            return False
        if name in self.services:
            return await asyncio.to_thread(self.services[name].answers)
        ready_url = self.parts[name].ready_url
        return ready_url is None or await answers_ok(ready_url)

    def kill_pool_process(self, name: str) -> bool:
        """SIGKILL one process of a worker's pool, and not the worker."""
        pid = self.children[name].pid
        with suppress(psutil.NoSuchProcess):
            pool = psutil.Process(pid).children() if pid else []
            if pool:
                pool[-1].kill()
                return True
        return False

    async def stop(self, name: str) -> None:
        """Have it end and stay away."""
        await self.children.pop(name).stop(STOP_SECONDS)

    async def start_service(self, name: str) -> None:
        """Run a service, again or for the first time, until it answers."""
        service = self.services[name]
        self.children[name] = Child(service.program, self.console, longest_pause=LONGEST_PAUSE).start()
        await service_ready(service)

    async def start_parts(self, variables: dict[str, str]) -> None:
        """Run our own processes until each is ready."""
        waiting = []
        for part in [*worker_parts(self.settings, variables), *edge_parts(self.settings, variables)]:
            child = Child(part.program, self.console, part.ready_text, longest_pause=LONGEST_PAUSE).start()
            self.children[part.program.name] = child
            self.parts[part.program.name] = part
            waiting.append(part_ready(part, child))
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.gather(*waiting)

    async def end(self) -> None:
        """Stop everything: ours first, the services last."""
        ours = [name for name in self.children if name not in SERVICES]
        await asyncio.gather(*map(self.stop, ours))
        for name in [name for name in SERVICES if name in self.children]:
            await self.stop(name)


@asynccontextmanager
async def running_rig(directory: Path) -> AsyncIterator[Rig]:
    """The whole stack for the length of the block; what its processes say goes to ``<directory>/chaos.log``."""
    home = open_home(directory)
    with ExitStack() as stack:
        stack.enter_context(locked(home, "chaos"))
        log = stack.enter_context((directory / "chaos.log").open("w"))
        services = services_of(home)
        disks = stack.enter_context(small_disks({name: data_of(service) for name, service in services.items()}))
        proxies = {name: FaultProxy(socket_of(name, service.url)) for name, service in services.items()}
        ports = {name: await proxy.start() for name, proxy in proxies.items()}
        direct = variables_of(home, services["postgres"].url, services["valkey"].url)
        variables = {**direct, **by_proxy(ports)}
        rig = Rig(checked(variables), checked(direct), services, proxies, Console(log, (), colour=False), disks)
        try:
            for name in reversed(SERVICES):
                await rig.start_service(name)
            await asyncio.to_thread(migrate, rig.direct.database_url)
            await rig.start_parts(variables)
            watching = asyncio.create_task(rig.look_after())
            try:
                yield rig
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        finally:
            await rig.end()
            for proxy in proxies.values():
                await proxy.stop()


@contextmanager
def frozen(rig: Rig, name: str) -> Iterator[None]:
    """SIGSTOP for the length of the block: connections stay open and nothing answers."""
    rig.send(name, Signals.SIGSTOP)
    try:
        yield
    finally:
        rig.send(name, Signals.SIGCONT)
