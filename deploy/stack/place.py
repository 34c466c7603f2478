"""Where PostgreSQL's data, sockets and binaries live, so that its account can reach them.

Directories that were closed stay closed: what an unprivileged server could not reach is put under
``/var/lib/muster`` instead.
"""

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.account import reaches, server_account
from deploy.stack.errors import StackError
from deploy.stack.home import Home
from deploy.stack.program import Account

LONGEST_SOCKET = 100
"""A unix socket's path has 108 bytes on Linux and 104 on macOS, the closing zero included."""

SYSTEM_ROOT = Path("/var/lib/muster")
"""Where root puts what an unprivileged server cannot reach elsewhere."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one PostgreSQL lives and as whom it runs (``None``: as ourselves)."""

    data: Path
    sockets: Path
    binaries: Path
    account: Account | None


def place_postgres(home: Home, binaries: Path, say: Callable[[str], None]) -> Place:
    """The place of this home's PostgreSQL; says so in one line when it lies outside the home."""
    apart = SYSTEM_ROOT / home.key
    data = apart / "postgres" if (apart / "postgres").exists() else home.postgres
    account = server_account(data)
    if account is None:
        return Place(_own(data), private_directory(socket_root(home) / "postgres"), binaries, None)
    sockets = socket_root(home) / "postgres"
    if data != home.postgres or not reaches(account, home.root):
        data, sockets = apart / "postgres", apart / "sockets"
        say(f"PostgreSQL runs as {account.name}, who cannot enter {home.root}: its data is in {data}")
        _make_passable(SYSTEM_ROOT)
        _make_passable(apart)
    return Place(data, private_directory(sockets, account), _reachable(binaries, account, say), account)


def _own(data: Path) -> Path:
    if data.exists() and data.stat().st_uid != os.geteuid():
        raise StackError(f"{data} belongs to another user (was it made as root?); choose another --home")
    return data


def _reachable(binaries: Path, account: Account, say: Callable[[str], None]) -> Path:
    """``binaries``, or a copy of the wheel's where ``account`` cannot run the original."""
    if reaches(account, binaries / "postgres"):
        return binaries
    package = binaries.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    if not libraries.exists():
        raise StackError(f"{account.name} cannot run {binaries}/postgres; move it or start Muster as another user")
    copy = SYSTEM_ROOT / f"{package.name}-{binaries.stat().st_mtime_ns:x}"
    if not copy.exists():
        say(f"{account.name} cannot run {binaries}/postgres: copied to {copy}")
        _make_passable(SYSTEM_ROOT)
        _copy_wheel(package / binaries.parent.name, libraries, copy)
    return copy / package.name / binaries.parent.name / "bin"


def _make_passable(path: Path) -> None:
    """Make our own directory, whatever the umask, such that others can pass through but not look."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o711)


def _copy_wheel(tree: Path, libraries: Path, copy: Path) -> None:
    """Copy one PostgreSQL and the libraries that it expects two directories up, all or nothing."""
    draft = copy.with_name(f"{copy.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o755, parents=True)
    shutil.copytree(tree, draft / tree.parent.name / tree.name, symlinks=True)
    shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    draft.chmod(0o755)
    draft.rename(copy)


def socket_root(home: Home) -> Path:
    """The directory for this home's sockets: ``run`` in the home, or a short private one elsewhere."""
    inside = home.root / "run"
    if len(os.fsencode(inside / "postgres" / ".s.PGSQL.5432")) <= LONGEST_SOCKET:
        return private_directory(inside, passable=os.geteuid() == 0)
    # Root's runtime directory is closed to the account that runs PostgreSQL, /tmp is not.
    runtime = os.environ.get("XDG_RUNTIME_DIR") if os.geteuid() != 0 else None
    base = Path(runtime) if runtime and os.access(runtime, os.W_OK) else Path("/tmp")  # noqa: S108 - checked below
    return private_directory(base / f"muster-{os.geteuid()}-{home.key}", passable=os.geteuid() == 0)


def private_directory(path: Path, owner: Account | None = None, *, passable: bool = False) -> Path:
    """Make ``path`` a directory that only ``owner`` (else we) may use; others pass through if ``passable``.

    In a shared directory such as /tmp someone may have put something of that name there first: it must
    be a real directory and ours, or we refuse it.
    """
    mode = 0o711 if passable else 0o700
    uid = owner.uid if owner else os.geteuid()
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        raise StackError(f"cannot use {path}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (uid, os.geteuid()):
        raise StackError(f"{path} is not ours; remove it and try again")
    if owner and found.st_uid != owner.uid:
        os.chown(path, owner.uid, owner.gid)
    path.chmod(mode)
    return path
