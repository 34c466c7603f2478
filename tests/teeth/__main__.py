"""``make teeth``: does every defence have a test that notices when it is gone?

Plants the faults of ``faults.toml``, one at a time, in a copy of the working tree and runs the test that is to catch
it. A test that still passes has no teeth; one that cannot run, or fails without the fault, proves nothing. Both end
with status 1. Arguments choose faults by a part of their name.
"""

import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 300
FAILED = 1
"""pytest's status when tests ran and some failed; anything else above 0 means that it did not come so far."""


@dataclass(frozen=True)
class Fault:
    """A mistake somebody could make, and the test that must notice."""

    name: str
    file: str
    old: str
    new: str
    test: str


@contextmanager
def working_copy() -> Iterator[Path]:
    """What git knows or would add, elsewhere."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    with tempfile.TemporaryDirectory(prefix="muster-teeth-") as folder:
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, Path(folder) / name)
        yield Path(folder)


@contextmanager
def planted(fault: Fault, copy: Path) -> Iterator[None]:
    """The fault, for as long as the block."""
    path = copy / fault.file
    right = path.read_text()
    if right.count(fault.old) != 1:
        raise SystemExit(f"{fault.name}: what it changes stands {right.count(fault.old)} times in {fault.file}")
    path.write_text(right.replace(fault.old, fault.new))
    yield
    path.write_text(right)


def run_tests(copy: Path, *tests: str) -> int:
    """pytest's exit status; -1 when it took too long."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        return subprocess.run(command, cwd=copy, timeout=SECONDS, capture_output=True, check=False).returncode
    except subprocess.TimeoutExpired:
        return -1


def faults() -> list[Fault]:
    """All that there are."""
    data = tomllib.loads((Path(__file__).parent / "faults.toml").read_text())
    return [Fault(**fault) for fault in data["fault"]]


def main(wanted: list[str]) -> int:
    """Plant and test; how many faults got through."""
    chosen = [fault for fault in faults() if not wanted or any(word in fault.name for word in wanted)]
    got_through = 0
    with working_copy() as copy:
        if run_tests(copy, *dict.fromkeys(fault.test for fault in chosen)) != 0:
            raise SystemExit("the tests fail without any fault: put that right first")
        for fault in chosen:
            began = time.monotonic()
            with planted(fault, copy):
                status = run_tests(copy, fault.test)
            outcome = {FAILED: "caught", 0: "GOT THROUGH"}.get(status, f"TEST DID NOT RUN ({status})")
            got_through += status != FAILED
            print(f"{outcome:<20} {time.monotonic() - began:5.1f} s  {fault.name}", flush=True)
    print(f"{len(chosen) - got_through} of {len(chosen)} faults are caught.")
    return min(got_through, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
