"""One runner per home: a kernel lock, which a killed runner cannot leave behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from deploy.stack.errors import StackError
from deploy.stack.home import Home


class AlreadyRunning(StackError):
    """Someone else runs the services of this home."""


@contextmanager
def locked(home: Home, note: str) -> Iterator[None]:
    """Hold the home for the length of the block; ``note`` tells others who does, e.g. the URLs.

    Raises :class:`AlreadyRunning` at once when the home is held. Programs started inside the block do
    not inherit the lock, so it ends with this process whatever becomes of them.
    """
    descriptor = os.open(home.lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_who_holds(home)) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"pid {os.getpid()}, {note}\n".encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _who_holds(home: Home) -> str:
    note = home.lock_file.read_text().strip()
    return f"Muster already runs in {home.root} ({note or 'starting'})"
