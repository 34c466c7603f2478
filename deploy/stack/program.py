"""Programs that the stack keeps in the foreground, on a leash that the kernel holds."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

PR_SET_PDEATHSIG = 1
"""linux/prctl.h: which signal a process gets when its parent dies."""

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine."""

    name: str
    uid: int
    gid: int


class SpawnOptions(TypedDict, total=False):
    """What ``subprocess`` and ``asyncio`` both understand."""

    env: Mapping[str, str]
    cwd: Path
    stdin: int
    start_new_session: bool
    preexec_fn: Callable[[], None]
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Program:
    """One program: what to call, as whom, and how to end it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL

    def options(self) -> SpawnOptions:
        """How to start it: in a session of its own, so that Ctrl-C reaches only the supervisor."""
        options: SpawnOptions = {
            "env": self.environment,
            "cwd": self.directory,
            "stdin": subprocess.DEVNULL,
            "start_new_session": True,
            "preexec_fn": _leash(self.orphan_signal),
        }
        if self.account:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return options


def run_as(
    account: Account | None, command: Sequence[str], environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a short command to its end as ``account`` (``None``: as ourselves), with no other group."""
    return subprocess.run(
        command,
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def _leash(orphan_signal: signal.Signals) -> Callable[[], None]:
    """What the new process does before it becomes the program: ask to be ended with its parent.

    Even a supervisor that is killed with SIGKILL leaves nothing behind this way. Linux only; elsewhere
    the next start finds the orphans.
    """
    parent = os.getpid()

    def leash() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(orphan_signal))
            if os.getppid() != parent:  # It died before the kernel took note.
                os._exit(1)

    return leash


def end(process: "subprocess.Popen[bytes]", stop_signal: signal.Signals, seconds: float = 5.0) -> None:
    """Ask a process to stop, wait, and insist where it does not."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
