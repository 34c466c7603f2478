"""The embedded Valkey (or Redis): its command line, and when it is ready."""

import signal
from functools import partial
from pathlib import Path

import redis

from deploy.stack.home import Home
from deploy.stack.orphans import stop_orphan
from deploy.stack.place import private_directory, socket_root
from deploy.stack.program import Program
from deploy.stack.service import Service


def prepare_valkey(home: Home, server: Path, *, durable: bool = True) -> Service:
    """Everything but the start: a data directory, and no leftovers of an earlier run."""
    data = private_directory(home.valkey)
    socket = private_directory(socket_root(home) / "valkey") / "valkey.sock"
    pid_file = data / "valkey.pid"
    stop_orphan(pid_file, data, signal.SIGTERM)
    socket.unlink(missing_ok=True)
    command = (str(server), *_options(data, socket, pid_file, durable=durable))
    program = Program("valkey", command, {"PATH": "/usr/bin:/bin"}, orphan_signal=signal.SIGTERM)
    url = f"unix://{socket}?db=0"
    return Service(url, program, partial(_answers, url))


def _options(data: Path, socket: Path, pid_file: Path, *, durable: bool) -> list[str]:
    """Every accepted event is on disk before it is acknowledged, and none is ever evicted (spec 4.1)."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data),
        "pidfile": str(pid_file),
        "appendonly": "yes",
        "appendfsync": "always" if durable else "no",
        "maxmemory-policy": "noeviction",
        "save": "",
        "loglevel": "warning",
        # The command line must keep naming our data, it is how an orphan is recognised.
        "set-proc-title": "no",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
