"""Socket.IO as its makers ship it, installed with npm into a directory of ours."""

import shutil
import subprocess
from pathlib import Path

PACKAGES = ("socket.io@4.8.4", "@socket.io/redis-adapter@8.3.0", "redis@5")
SERVER = Path(__file__).parent / "socketio.cjs"
INSTALL_SECONDS = 120


def install(home: Path) -> bool:
    """Whether it is there now; the next run finds it there."""
    if shutil.which("node") is None:
        return False
    if (_root(home) / "node_modules/socket.io").exists():
        return True
    if shutil.which("npm") is None:
        return False
    quiet = ("--no-audit", "--no-fund", "--silent", "--ignore-scripts")
    got = subprocess.run(  # noqa: S603
        ["npm", "install", "--prefix", str(_root(home)), *quiet, *PACKAGES],  # noqa: S607
        capture_output=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    return got.returncode == 0


def socketio(port: int, redis_url: str) -> list[str]:
    """The command of a Socket.IO server whose rooms are those of a cluster."""
    return ["node", str(SERVER), str(port), redis_url]


def modules(home: Path) -> dict[str, str]:
    """The variables with which the server finds what was installed."""
    return {"NODE_PATH": str(_root(home) / "node_modules"), "NODE_ENV": "production"}


def _root(home: Path) -> Path:
    return home / "node"
