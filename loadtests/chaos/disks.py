"""Disks that can be full: each service's data on a small tmpfs of its own, where mounting is allowed."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

MEGABYTES = 3_000
"""Room for the longest run; a tmpfs takes only the memory that is written."""
TRIES = 50
"""Somebody may write between looking and shrinking; then it is tried again."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted disk. What is on it is never touched; it is full when it is made as small as what is on it."""

    path: Path

    def fill(self) -> bool:
        """Leave nothing free; whether that was possible."""
        return any(self._resize(f"{self._used()}k") for _ in range(TRIES))

    def clear(self) -> None:
        """Give the room back."""
        self._resize(f"{MEGABYTES}m")

    def _resize(self, size: str) -> bool:
        return _run("mount", "-o", f"remount,size={size}", str(self.path))

    def _used(self) -> int:
        """KiB."""
        status = os.statvfs(self.path)
        return (status.f_blocks - status.f_bfree) * status.f_frsize // 1024


@contextmanager
def small_disks(places: Mapping[str, Path]) -> Iterator[dict[str, Disk]]:
    """Each of these directories, which nobody uses yet, on a disk of its own; none where mounting is not allowed."""
    with ExitStack() as stack:
        disks: dict[str, Disk] = {}
        for name, place in places.items():
            if not _mount(place):
                break
            stack.callback(_run, "umount", "--lazy", str(place))
            disks[name] = Disk(place)
        yield disks if len(disks) == len(places) else {}


def _mount(place: Path) -> bool:
    """Put a disk in the place of a directory, with what is in it, its owner and its mode."""
    if shutil.which("mount") is None:
        return False
    before = place.with_name(f"{place.name}.before")
    place.rename(before)
    place.mkdir()
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place))
    if mounted:
        _run("cp", "-a", f"{before}/.", str(place))
        shutil.rmtree(before)
    else:
        place.rmdir()
        before.rename(place)
    return mounted


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - fixed words, own paths
