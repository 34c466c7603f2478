"""compose.yaml: every part is there, can be scaled, is watched, ends in peace, and gets only its own secrets."""

import re
from typing import Any

import pytest

from tests.deploy.manifests import DEFAULTS, DEPLOY, PARTS, QUEUES, compose, ours

SERVICES = compose()["services"]
LONG_LIVED = sorted(PARTS)


def seconds(text: str) -> int:
    """A duration such as ``30s``."""
    return int(text.removesuffix("s"))


def secrets_of(service: str) -> dict[str, str]:
    """File in the container → secret."""
    given = SERVICES[service].get("secrets", [])
    return {entry["target"]: entry["source"] for entry in given if isinstance(entry, dict)}


def test_every_part_is_there() -> None:
    assert set(ours()) == PARTS | {"migrate", "tools"}
    assert {"postgres", "valkey", "proxy"} <= set(SERVICES)


@pytest.mark.parametrize("name", LONG_LIVED)
def test_a_part_can_be_scaled(name: str) -> None:
    """A fixed name or a port of the host could be had once only."""
    assert "container_name" not in SERVICES[name]
    assert "ports" not in SERVICES[name]


@pytest.mark.parametrize("name", sorted(ours()))
def test_a_part_may_write_nowhere_and_do_nothing_special(name: str) -> None:
    part = SERVICES[name]
    assert part["read_only"] is True
    assert part["tmpfs"] == ["/tmp"]
    assert part["cap_drop"] == ["ALL"]
    assert part["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", LONG_LIVED)
def test_a_part_is_asked_how_it_is_in_its_own_words(name: str) -> None:
    kind = "worker" if name.startswith("worker-") else name
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "muster", "health", kind]


def test_every_queue_has_a_pool_that_reads_it_alone() -> None:
    for queue in QUEUES:
        command = SERVICES[f"worker-{queue}"]["command"]
        assert command[command.index("-Q") + 1] == queue


def test_whoever_ends_has_the_time_for_it() -> None:
    assert seconds(SERVICES["gateway"]["stop_grace_period"]) >= DEFAULTS["gateway_drain_seconds"] + 10
    assert seconds(SERVICES["api"]["stop_grace_period"]) >= 10
    for queue in QUEUES:
        assert seconds(SERVICES[f"worker-{queue}"]["stop_grace_period"]) >= 15


def test_each_logs_in_with_rights_of_its_own() -> None:
    assert secrets_of("api")["muster_database_url"] == "database_url_api"
    assert secrets_of("worker-events")["muster_database_url"] == "database_url_worker"
    assert secrets_of("scheduler")["muster_database_url"] == "database_url_worker"
    assert secrets_of("migrate") == {"muster_database_url": "database_url_owner"}
    assert "muster_database_url" not in secrets_of("gateway")


def test_no_secret_is_in_the_environment() -> None:
    for name, service in SERVICES.items():
        given: dict[str, Any] = service.get("environment", {})
        for variable, value in given.items():
            assert "SECRET" not in variable, name
            assert not re.search(r"(PASSWORD$|://[^/]*:[^/]*@)", f"{variable} {value}"), name


def test_every_secret_is_declared_and_every_declared_one_is_made() -> None:
    used = {
        entry["source"] if isinstance(entry, dict) else entry
        for service in SERVICES.values()
        for entry in service.get("secrets", [])
    }
    declared = {name: entry["file"] for name, entry in compose()["secrets"].items()}
    assert used == set(declared)
    script = (DEPLOY / "compose" / "secrets.sh").read_text()
    for file in declared.values():
        assert re.search(rf"> {re.escape(file.rsplit('/', 1)[1])}$", script, re.MULTILINE), file


def test_redis_keeps_every_acknowledged_event() -> None:
    command = SERVICES["valkey"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert options["--aclfile"] == "/run/secrets/valkey.acl"


def test_the_stores_are_out_of_reach_from_outside() -> None:
    assert compose()["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "valkey", *(f"worker-{queue}" for queue in QUEUES)):
        assert SERVICES[name]["networks"] == ["inside"]
        assert "ports" not in SERVICES[name]


def test_only_the_proxys_network_is_believed() -> None:
    subnet = compose()["networks"]["edge"]["ipam"]["config"][0]["subnet"]
    assert SERVICES["api"]["environment"]["MUSTER_TRUSTED_PROXIES"] == subnet
    assert SERVICES["proxy"]["networks"] == ["edge"]


def test_nobody_starts_before_the_schema_is_there() -> None:
    for name in PARTS:
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_every_mounted_file_exists() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).exists(), source
