"""As whom PostgreSQL runs: it refuses root, so root hands it to an unprivileged account."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from deploy.stack.errors import StackError
from deploy.stack.program import Account, run_as

KNOWN_ACCOUNTS = ("postgres", "muster")


def server_account(data: Path) -> Account | None:
    """As whom the server of ``data`` runs; ``None`` means as ourselves.

    Root keeps to the owner of data that exists already, else takes a known system account, else makes one.
    """
    if os.geteuid() != 0:
        return None
    if (data / "PG_VERSION").exists():
        status = data.stat()
        return Account(_name_of(status.st_uid), status.st_uid, status.st_gid)
    for name in KNOWN_ACCOUNTS:
        if account := _system_account(name):
            return account
    return _make_account("muster")


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _system_account(name: str) -> Account | None:
    """The account ``name``, unless a person logs in with it (Debian: system accounts are below 1000)."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid) if 0 < entry.pw_uid < 1000 else None


def _make_account(name: str) -> Account:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise StackError("PostgreSQL refuses to run as root and there is no useradd; start Muster as another user")
    command = [useradd, "--system", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    account = _system_account(name)
    if account is None:
        raise StackError(f"could not make the system account {name}: {made.stderr.strip()}")
    return account


def reaches(account: Account, path: Path) -> bool:
    """Whether ``account`` may pass into (or run) ``path``; the kernel answers, so ACLs count too."""
    test = shutil.which("test") or "/usr/bin/test"
    return run_as(account, [test, "-x", str(path)], {}).returncode == 0
