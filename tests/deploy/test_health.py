"""``muster health``, asked of processes that are well, unwell, and not there."""

import http.server
import threading
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.stack.ports import free_port

PARTS = {
    "api": "MUSTER_API_PORT",
    "gateway": "MUSTER_GATEWAY_PORT",
    "worker": "MUSTER_WORKER_METRICS_PORT",
    "scheduler": "MUSTER_SCHEDULER_METRICS_PORT",
}


class Unwell(http.server.BaseHTTPRequestHandler):
    """Lives, and cannot work."""

    def do_GET(self) -> None:
        """200 for /livez, 503 for the rest."""
        self.send_response(200 if self.path == "/livez" else 503)
        self.end_headers()
        self.wfile.write(b'{"failing":["events stalled"]}' if self.path != "/livez" else b'{"status":"ok"}')

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def unwell() -> Iterator[int]:
    """The port of a process that lives and cannot work."""
    with http.server.HTTPServer(("127.0.0.1", 0), Unwell) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container: every port listens to the outside."""
    monkeypatch.setenv("MUSTER_DATABASE_URL", "postgresql://unused")
    monkeypatch.setenv("MUSTER_REDIS_URL", "redis://unused")
    monkeypatch.setenv("MUSTER_SECRET_KEY", "0123456789abcdef0123456789abcdef")
    for name in ("API", "GATEWAY", "WORKER"):
        monkeypatch.setenv(f"MUSTER_{name}_HOST", "0.0.0.0")


@pytest.mark.parametrize(("part", "variable"), PARTS.items())
def test_each_part_is_asked_on_its_own_port(
    part: str, variable: str, unwell: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(unwell))
    ready, live = (CliRunner().invoke(app, ["health", part, *option]) for option in ([], ["--live"]))
    assert getattr(ready.exception, "exit_code", 0) == 1
    assert str(ready.exception) == f'{part}: {{"failing":["events stalled"]}}'
    assert (live.exit_code, live.output.strip()) == (0, '{"status":"ok"}')


def test_a_process_that_is_not_there_is_unwell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_API_PORT", str(free_port("127.0.0.1")))
    ended = CliRunner().invoke(app, ["health", "api", "--live"])
    assert getattr(ended.exception, "exit_code", 0) == 1
    assert "does not answer" in str(ended.exception)
