"""What every long-lived process does once it has started."""

import subprocess
import sys

LOW = """
import resource
from shared.process import open_as_many_files_as_allowed
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 128))
open_as_many_files_as_allowed()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_a_process_takes_the_files_it_may_have() -> None:
    """In a process of its own: limits are a process's."""
    said = subprocess.run([sys.executable, "-c", LOW], capture_output=True, text=True, check=True, timeout=30)
    assert said.stdout.split() == ["128", "128"]
