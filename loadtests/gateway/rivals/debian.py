"""nchan in nginx and NATS, as Debian packages them, unpacked into a directory of ours: nothing is installed."""

import shutil
import subprocess
from pathlib import Path

NGINX_STATE = Path("/var/lib/nginx")
"""Debian's nginx wants it, whatever its configuration says; nchan has locations that ask for the built-in path."""
PACKAGES = ("nginx", "libnginx-mod-nchan", "nats-server")

_NGINX = """
daemon off; master_process off; worker_rlimit_nofile 20000; error_log stderr crit; pid {home}/nginx.pid;
load_module {root}/usr/lib/nginx/modules/ngx_nchan_module.so;
events {{ worker_connections 19000; }}
http {{
    access_log off; client_body_temp_path {home}; proxy_temp_path {home}; fastcgi_temp_path {home};
    uwsgi_temp_path {home}; scgi_temp_path {home}; nchan_shared_memory_size 256M; keepalive_requests 1000000;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location ~ ^/pub/(.+)$ {{ nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length 256; }}
        location ~ ^/(.+)$ {{
            nchan_subscriber websocket; nchan_channel_id $1; nchan_subscriber_first_message newest;
            nchan_websocket_ping_interval 15;
        }}
    }}
}}
"""
_NATS = """
listen: "127.0.0.1:{tcp}"
websocket {{ listen: "127.0.0.1:{port}", no_tls: true }}
ping_interval: "15s"
"""


def unpack(home: Path) -> Path | None:
    """Where the packages are unpacked; ``None`` where they cannot be had (no Debian, no network)."""
    root = home / "debian"
    if not (root / "usr/sbin/nats-server").exists():
        if shutil.which("apt-get") is None:
            return None
        home.mkdir(parents=True, exist_ok=True)
        got = subprocess.run(["apt-get", "download", "-qq", *PACKAGES], cwd=home, capture_output=True, check=False)  # noqa: S603, S607
        if got.returncode != 0:
            return None
        for package in home.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)  # noqa: S603, S607
    return root


def nchan(root: Path, home: Path, port: int) -> list[str]:
    """The command of an nginx with nchan in memory."""
    NGINX_STATE.mkdir(parents=True, exist_ok=True)
    settings = home / "nginx.conf"
    settings.write_text(_NGINX.format(root=root, home=home, port=port))
    return [str(root / "usr/sbin/nginx"), "-c", str(settings), "-p", str(home)]


def nats(root: Path, home: Path, port: int, tcp: int) -> list[str]:
    """The command of a NATS server with WebSockets on ``port``; it is published to on ``tcp``."""
    settings = home / "nats.conf"
    settings.write_text(_NATS.format(port=port, tcp=tcp))
    return [str(root / "usr/sbin/nats-server"), "-c", str(settings)]
