"""Deleting a local stack: everything that belongs to one home, wherever it lies, and nothing else."""

import shutil
from contextlib import suppress
from pathlib import Path

from deploy.stack.home import Home
from deploy.stack.place import SYSTEM_ROOT, socket_root

OURS = ("postgres", "postgres.new", "postgres.log", "valkey", "valkey.log", "run", "env", "secret", "lock")
"""All that we put into a home; someone may have named a directory that holds more."""


def places(home: Home) -> list[Path]:
    """What there is to delete."""
    candidates = [*(home.root / name for name in OURS), SYSTEM_ROOT / home.key, socket_root(home)]
    return sorted({path for path in candidates if path.exists()})


def delete(doomed: list[Path], home: Home) -> None:
    """Delete all of it, and the home where nothing is left in it."""
    for path in doomed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):
        home.root.rmdir()
