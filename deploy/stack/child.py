"""One supervised process: started, listened to, started again when it ends, stopped when asked."""

import asyncio
import os
import signal
import time
from contextlib import suppress

from deploy.stack.console import Console
from deploy.stack.program import Program

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds before a program that ended is started again; doubled each time."""

STEADY = 30.0
"""Seconds after which a program counts as healthy and its next pause is the first again."""

LONGEST_LINE = 16_384
"""Bytes; a longer line is shown in pieces."""


class Child:
    """Keeps one program running. ``watch`` is a text that it prints once it is ready; ``longest_pause`` bounds the
    seconds before it is started again."""

    def __init__(
        self, program: Program, console: Console, watch: str | None = None, *, longest_pause: float = LONGEST_PAUSE
    ) -> None:
        self.program = program
        self._longest_pause = longest_pause
        self.heard = asyncio.Event()
        self._console = console
        self._watch = watch
        self._stopping = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now, if one does."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and running else None

    def start(self) -> "Child":
        """Keep it running from now on."""
        self._task = asyncio.create_task(self._keep_running(), name=self.program.name)
        return self

    async def stop(self, seconds: float) -> None:
        """Ask it to stop; after ``seconds`` its whole process group is killed."""
        self._stopping.set()
        self._signal(self.program.stop_signal)
        if self._task is None:
            return
        _, late = await asyncio.wait({self._task}, timeout=seconds)
        if late:
            self._console.trouble(self.program.name, f"still running after {seconds:g} s, killed")
            self._kill_group()
            await self._task

    async def run_once(self) -> int:
        """Run it to its end; the exit status, negative for a signal."""
        loop = asyncio.get_running_loop()
        inward, outward = os.pipe()
        reader = asyncio.StreamReader()
        # A pipe of our own: asyncio's would make waiting for the process wait for its children too.
        pipe = os.fdopen(inward, "rb")
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command, stdout=outward, stderr=outward, **self.program.options()
            )
        finally:
            os.close(outward)
        listening = asyncio.create_task(self._listen(reader))
        if self._stopping.is_set():
            self._signal(self.program.stop_signal)
        try:
            return await self._process.wait()
        finally:
            self._kill_group()
            await asyncio.wait({listening}, timeout=1.0)
            transport.close()

    async def _keep_running(self) -> None:
        pause = FIRST_PAUSE
        while True:
            begun = time.monotonic()
            code = await self.run_once()
            if self._stopping.is_set():
                return
            pause = FIRST_PAUSE if time.monotonic() - begun > STEADY else pause
            self._console.trouble(self.program.name, f"{how_it_ended(code)}, starts again in {pause:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
                return
            pause = min(2 * pause, self._longest_pause)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await reader.read(LONGEST_LINE):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) >= LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._hear(line)
        if rest:
            self._hear(rest)

    def _hear(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if self._watch and self._watch in text:
            self.heard.set()
        if text:
            self._console.line(self.program.name, text)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _kill_group(self) -> None:
        """End what is left of its process group, such as a dead worker's pool."""
        if self._process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def how_it_ended(code: int) -> str:
    """An exit status in words."""
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
