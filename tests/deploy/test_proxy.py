"""The proxies: WebSockets stay alive, addresses are honest, names are asked again, nothing secret is logged."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.manifests import DEFAULTS, DEPLOY, compose, load, of_kind

NGINX = (DEPLOY / "proxy" / "nginx.conf").read_text()
LOCATIONS = dict(re.findall(r"location (\S+) \{(.*?)\n        \}", NGINX, re.DOTALL))
PING = DEFAULTS["ping_seconds"]


def seconds(text: str) -> float:
    """A duration such as ``75s``."""
    return float(text.removesuffix("s"))


def directive(block: str, name: str) -> str:
    """The value of a directive that is there once."""
    [value] = re.findall(rf"^\s*{name} (.*?);", block, re.MULTILINE)
    return str(value)


def test_nginx_leads_where_the_processes_listen() -> None:
    assert directive(LOCATIONS["/"], r"set \$api") == f"api:{DEFAULTS['api_port']}"
    assert directive(LOCATIONS["/ws"], r"set \$gateway") == f"gateway:{DEFAULTS['gateway_port']}"
    assert f":{directive(NGINX, 'listen').split()[0]}" in compose()["services"]["proxy"]["ports"][0]


def test_nginx_asks_for_names_again() -> None:
    """A name that stands in proxy_pass itself is asked once, at the start: scaling would change nothing."""
    assert seconds(re.search(r"resolver .*valid=(\d+s)", NGINX)[1]) <= 10  # type: ignore[index]
    for block in LOCATIONS.values():
        assert directive(block, "proxy_pass").startswith("http://$")


def test_nginx_keeps_sockets_that_only_ping() -> None:
    block = LOCATIONS["/ws"]
    assert seconds(directive(block, "proxy_read_timeout")) > 2 * PING
    assert seconds(directive(block, "proxy_send_timeout")) > 2 * PING
    assert directive(block, "proxy_buffering") == "off"
    assert "proxy_set_header Upgrade $http_upgrade;" in block
    assert "proxy_set_header Connection $connection_upgrade;" in block


def test_nginx_replaces_addresses_that_a_client_made_up() -> None:
    """In every place that sets headers: a block with some of its own inherits none."""
    given = re.findall(r"proxy_set_header X-Forwarded-For (\S+);", NGINX)
    assert given == ["$remote_addr", "$remote_addr"]


def test_nginx_logs_neither_tickets_nor_codes() -> None:
    log = re.search(r"log_format muster (.*?);", NGINX)
    assert log
    assert not re.search(r"\$(request|request_uri|args|query_string|http_referer|http_cookie|uri)\b", log[1])
    assert "map $uri $logged_path { ~^/C/ /C/-;" in NGINX


def test_the_ingress_keeps_the_same_times() -> None:
    annotations = of_kind("Ingress")["muster"]["metadata"]["annotations"]
    for name in ("read", "send"):
        told = annotations[f"nginx.ingress.kubernetes.io/proxy-{name}-timeout"]
        assert f"{told}s" == directive(LOCATIONS["/ws"], f"proxy_{name}_timeout")


def test_envoy_does_the_same() -> None:
    [document] = load(DEPLOY / "proxy" / "envoy.yaml")
    manager = document["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    assert manager["use_remote_address"] is True
    assert manager["upgrade_configs"] == [{"upgrade_type": "websocket"}]
    routes: dict[str, Any] = {
        route["match"]["prefix"]: route["route"] for route in manager["route_config"]["virtual_hosts"][0]["routes"]
    }
    assert routes["/ws"]["timeout"] == "0s"
    assert seconds(routes["/ws"]["idle_timeout"]) > 2 * PING
    ports = {}
    for cluster in document["static_resources"]["clusters"]:
        assert cluster["type"] == "STRICT_DNS"
        [endpoint] = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        ports[cluster["name"]] = endpoint["endpoint"]["address"]["socket_address"]["port_value"]
    assert ports == {"api": DEFAULTS["api_port"], "gateway": DEFAULTS["gateway_port"]}


@pytest.mark.skipif(not shutil.which("nginx"), reason="no nginx on this machine")
def test_nginx_takes_it(tmp_path: Path) -> None:
    file = tmp_path / "nginx.conf"
    file.write_text(NGINX.replace("/tmp/", f"{tmp_path}/").replace("/dev/std", f"{tmp_path}/std"))
    ended = subprocess.run(["nginx", "-t", "-c", str(file), "-p", str(tmp_path)], capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
