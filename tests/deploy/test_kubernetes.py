"""The Kubernetes base: probes, limits, rights, and names that fit together."""

import re
from typing import Any

import pytest

from deploy.cli import app
from shared.settings import Settings
from tests.deploy.manifests import (
    BASE,
    DEFAULTS,
    DEPLOY,
    PARTS,
    QUEUES,
    Pod,
    compose,
    deployed,
    load,
    of_kind,
    pods,
    resources,
)

EVERY = pytest.mark.parametrize("pod", pods(), ids=lambda pod: pod.name)
STAYING = pytest.mark.parametrize("pod", deployed(), ids=lambda pod: pod.name)

PORTS = {
    "api": {"http": DEFAULTS["api_port"], "metrics": DEFAULTS["api_metrics_port"]},
    "gateway": {"http": DEFAULTS["gateway_port"], "metrics": DEFAULTS["gateway_metrics_port"]},
    "scheduler": {"metrics": DEFAULTS["scheduler_metrics_port"]},
    **{f"worker-{queue}": {"metrics": DEFAULTS["worker_metrics_port"]} for queue in QUEUES},
}


def test_every_part_is_there() -> None:
    assert {pod.name for pod in deployed()} == PARTS
    assert set(of_kind("Job")) == {"migrate"}


@EVERY
def test_a_pod_passes_the_restricted_standard(pod: Pod) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/"""
    outer, inner = pod.spec["securityContext"], pod.container["securityContext"]
    assert outer["runAsNonRoot"] is True
    assert outer["runAsUser"] == 10001
    assert outer["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod.spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec)


@EVERY
def test_a_pod_says_what_it_needs(pod: Pod) -> None:
    asked = pod.container["resources"]
    assert {"cpu", "memory"} <= set(asked["requests"])
    assert "memory" in asked["limits"]


@EVERY
def test_secrets_are_files_of_the_pods_own_secret(pod: Pod) -> None:
    volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in pod.container["volumeMounts"]}
    owner = {"api": "muster-api", "gateway": "muster-gateway", "migrate": "muster-owner"}.get(pod.name, "muster-worker")
    assert volumes[mounts["/run/secrets"]["name"]]["secret"]["secretName"] == owner
    assert mounts["/run/secrets"]["readOnly"] is True
    given = [entry["name"] for entry in pod.container.get("env", [])]
    assert given == (["MUSTER_DATABASE_URL"] if pod.name == "gateway" else [])


@STAYING
def test_a_pod_is_probed_where_it_listens(pod: Pod) -> None:
    assert pod.ports == PORTS[pod.name]
    for probe, path in (("startupProbe", "/livez"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
        asked = pod.container[probe]["httpGet"]
        assert asked["path"] == path
        assert asked["port"] in pod.ports
        assert pod.container[probe]["timeoutSeconds"] >= 5


@STAYING
def test_a_restart_takes_more_than_a_short_outage(pod: Pod) -> None:
    probe = pod.container["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 60


@EVERY
def test_a_pod_runs_what_compose_runs(pod: Pod) -> None:
    assert pod.container["command"] == compose()["services"][pod.name]["command"]
    assert pod.container["image"] == "muster"


@EVERY
def test_its_command_exists(pod: Pod) -> None:
    match pod.container["command"]:
        case ["python", "-m", package]:
            assert (DEPLOY.parent / package / "__main__.py").exists()
        case ["muster", command]:
            assert command in {found.name or found.callback.__name__ for found in app.registered_commands}  # type: ignore[union-attr]
        case ["celery", "-A", "workers.app", "worker" | "beat", *_]:
            pass
        case command:
            pytest.fail(f"what is {command}?")


def test_a_pod_that_ends_is_taken_out_first_and_has_its_time() -> None:
    for pod in deployed():
        grace = pod.spec["terminationGracePeriodSeconds"]
        if pod.name not in ("api", "gateway"):
            assert grace >= 15
            continue
        assert pod.container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "5"]
        drain = DEFAULTS["gateway_drain_seconds"] if pod.name == "gateway" else 5
        assert grace >= 5 + drain + 4 * DEFAULTS["redis_timeout"]


def test_whoever_is_there_twice_is_never_gone_at_once() -> None:
    budgets = of_kind("PodDisruptionBudget")
    twice = {name for name, found in of_kind("Deployment").items() if found["spec"].get("replicas", 2) > 1}
    assert twice == set(budgets)
    for name, budget in budgets.items():
        assert budget["spec"]["selector"]["matchLabels"] == {"app.kubernetes.io/name": name}
        assert budget["spec"]["maxUnavailable"] == 1


def test_services_lead_to_pods() -> None:
    for name, service in of_kind("Service").items():
        [port] = service["spec"]["ports"]
        assert service["spec"]["selector"] == {"app.kubernetes.io/name": name}
        assert port["port"] == PORTS[name][port["targetPort"]]
    backends = {
        path["path"]: path["backend"]["service"]["name"]
        for path in of_kind("Ingress")["muster"]["spec"]["rules"][0]["http"]["paths"]
    }
    assert backends == {"/ws": "gateway", "/": "api"}


def test_the_settings_are_settings_that_hold() -> None:
    given = {
        name.removeprefix("MUSTER_").lower(): value for name, value in of_kind("ConfigMap")["muster"]["data"].items()
    }
    assert set(given) <= set(Settings.model_fields)
    secrets = {"database_url": "postgresql://x", "redis_url": "redis://x", "secret_key": "0123456789abcdef" * 2}
    assert Settings.model_validate({**given, **secrets}).secure_cookies


# --- who may talk to whom ------------------------------------------------------------------------------------


def chosen(policy: dict[str, Any]) -> set[str]:
    """The pods that a policy is for."""
    selector = policy["spec"]["podSelector"]
    names = {pod.name for pod in pods()}
    if wanted := selector.get("matchLabels", {}).get("app.kubernetes.io/name"):
        return {wanted}
    for rule in selector.get("matchExpressions", []):
        if rule["key"] == "app.kubernetes.io/name":
            names -= set(rule["values"])
    return names


def reached(direction: str) -> dict[str, set[int]]:
    """Pod → ports that policies open in a direction; names aside."""
    open_ports: dict[str, set[int]] = {pod.name: set() for pod in pods()}
    for policy in of_kind("NetworkPolicy").values():
        for rule in policy["spec"].get(direction, []):
            for port in rule["ports"]:
                ports = range(port["port"], port.get("endPort", port["port"]) + 1)
                for pod in chosen(policy):
                    open_ports[pod] |= set(ports) - {53}
    return open_ports


def test_nothing_is_allowed_that_is_not_said() -> None:
    nothing = of_kind("NetworkPolicy")["nothing"]["spec"]
    assert set(nothing["policyTypes"]) == {"Ingress", "Egress"}
    assert not {"ingress", "egress"} & set(nothing)


def test_every_part_reaches_what_it_needs_and_no_more() -> None:
    leaving = reached("egress")
    assert leaving.pop("gateway") == {6379}
    assert leaving.pop("migrate") == {5432}
    assert all(ports == {5432, 6379} for ports in leaving.values())


def test_only_api_and_gateway_are_reached_besides_for_metrics() -> None:
    coming = reached("ingress")
    for name, ports in coming.items():
        assert ports - {9100, 9101, 9102, 9103} == ({PORTS[name]["http"]} if name in ("api", "gateway") else set())
        assert PORTS.get(name, {"metrics": 9100})["metrics"] in ports


# --- scaling ------------------------------------------------------------------------------------------------


def test_what_scales_exists_and_is_scaled_by_one_alone() -> None:
    keda = [found for found in load(DEPLOY / "kubernetes/keda/scaling.yaml") if found["kind"] == "ScaledObject"]
    targets = [found["spec"]["scaleTargetRef"]["name"] for found in keda]
    targets += [found["spec"]["scaleTargetRef"]["name"] for found in of_kind("HorizontalPodAutoscaler").values()]
    assert sorted(targets) == sorted(set(targets))
    assert set(targets) <= PARTS


def test_keda_looks_where_the_work_waits() -> None:
    from shared import keys

    triggers = {
        found["metadata"]["name"]: found["spec"]["triggers"][0]["metadata"]
        for found in load(DEPLOY / "kubernetes/keda/scaling.yaml")
        if found["kind"] == "ScaledObject"
    }
    assert triggers["worker-events"]["stream"] == keys.EVENTS
    assert triggers["worker-exports"]["listName"] in QUEUES
    assert 2 * int(triggers["gateway"]["threshold"]) <= DEFAULTS["gateway_sockets"]


def test_every_file_of_the_base_is_used() -> None:
    listed = set(load(BASE / "kustomization.yaml")[0]["resources"]) | {"kustomization.yaml"}
    assert {path.name for path in BASE.iterdir()} == listed
    names = [(found["kind"], found["metadata"]["name"]) for found in resources()]
    assert len(names) == len(set(names))
    assert not any(re.search(r"[A-Z_]", name) for _, name in names)
