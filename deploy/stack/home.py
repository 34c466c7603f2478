"""The home of a local stack: one directory with its data, its secret and its lock.

Nothing of Muster's lives outside the home, except sockets whose path would be too long and, for root,
what an unprivileged server could not reach (see ``place``).
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.errors import StackError


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of one local stack lives; ``root`` is absolute."""

    root: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data directory, unless an unprivileged server cannot reach it."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's data directory."""
        return self.root / "valkey"

    @property
    def lock_file(self) -> Path:
        """Locked by whoever runs the services; holds a line about it."""
        return self.root / "lock"

    @property
    def env_file(self) -> Path:
        """The settings of the running stack, for ``set -a; . .muster/env``."""
        return self.root / "env"

    @property
    def key(self) -> str:
        """A short name for this home that is safe in a path."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]

    def secret(self) -> str:
        """The key that signs tokens and cookies here: made once, kept for later starts."""
        file = self.root / "secret"
        if not file.exists():
            write_private(file, secrets.token_hex(32) + "\n")
        return file.read_text().strip()


def open_home(directory: Path | None = None) -> Home:
    """``directory``, else ``MUSTER_HOME``, else ``.muster`` of the working directory; made if missing."""
    root = (directory or Path(os.environ.get("MUSTER_HOME") or ".muster")).expanduser().resolve()
    # An unprivileged PostgreSQL must pass through a home that root makes. It still cannot list it, and
    # every file in it is private.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        if not root.exists():
            root.mkdir(parents=True)
            root.chmod(mode)
    except OSError as error:
        raise StackError(f"cannot make the home {root}: {error.strerror}") from error
    if not os.access(root, os.W_OK | os.X_OK):
        raise StackError(f"cannot write in {root}, it belongs to someone else; choose another --home")
    return Home(root)


def write_private(file: Path, text: str) -> None:
    """Write ``file`` in one step; only its owner may read it."""
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    draft.replace(file)


def write_env(file: Path, settings: Mapping[str, str]) -> None:
    """Note the settings of a running stack so that a shell can read them."""
    write_private(file, "".join(f"{name}='{value}'\n" for name, value in settings.items()))


def read_env(file: Path) -> dict[str, str]:
    """What :func:`write_env` wrote; empty where no stack runs."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: value.strip("'") for name, _, value in pairs}
