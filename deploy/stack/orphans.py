"""Servers that an earlier run of this home left behind.

On Linux the kernel ends them with their supervisor, but that takes a moment, and elsewhere it does not.
A process is only touched when it provably serves this home's data.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from deploy.stack.errors import StackError


def stop_orphan(pid_file: Path, directory: Path, stop_signal: signal.Signals) -> None:
    """End the server that ``pid_file`` names if it serves ``directory``; forget a stale ``pid_file``.

    The caller holds the lock of the home, so nobody looks after that server any more. A number that by
    now belongs to some other program would stop PostgreSQL from starting: that file goes.
    """
    pid = _read_pid(pid_file)
    if pid is None or not _lives(pid):
        return
    if str(directory) not in command_of(pid):
        pid_file.unlink(missing_ok=True)
        return
    try:
        os.kill(pid, stop_signal)
    except ProcessLookupError:
        return
    except PermissionError:
        raise StackError(f"process {pid} still serves {directory} and belongs to someone else") from None
    _wait_gone(pid, directory)


def _wait_gone(pid: int, directory: Path, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while _lives(pid):
        if time.monotonic() > deadline:
            raise StackError(f"process {pid} still serves {directory} and does not stop; end it and try again")
        time.sleep(0.05)


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and only waits for its parent to notice; a container may have no such parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def command_of(pid: int) -> str:
    """The command line of a process; empty where there is none to see."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        pass
    ps = shutil.which("ps")
    if ps is None:
        return ""
    return subprocess.run([ps, "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
