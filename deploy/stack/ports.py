"""Ports: whether they are free, asked before anything is started."""

import socket

from deploy.stack.errors import StackError


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do it: a connection that lingers from the last run is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(host: str, port: int, option: str) -> None:
    """Refuse, in one line, a port that someone else has; ``option`` chooses another."""
    if not is_free(host, port):
        raise StackError(f"port {port} is taken on {host}; choose another with {option}")


def free_port(host: str) -> int:
    """Some free port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
