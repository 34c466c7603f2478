"""The files of ``deploy/`` as values: what an engine would read, for tests that have none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from shared.settings import Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BASE = DEPLOY / "kubernetes" / "base"
QUEUES = {"events", "suggestions", "exports", "maintenance"}
PARTS = {"api", "gateway", "scheduler", *(f"worker-{queue}" for queue in QUEUES)}

Document = dict[str, Any]

DEFAULTS = {name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}


def load(path: Path) -> list[Document]:
    """The documents of a YAML file."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def compose() -> Document:
    """``deploy/compose.yaml``, anchors resolved."""
    return load(DEPLOY / "compose.yaml")[0]


def ours() -> dict[str, Document]:
    """Compose's services that run our image."""
    return {name: part for name, part in compose()["services"].items() if "MUSTER_IMAGE" in part["image"]}


def resources() -> Iterator[Document]:
    """Everything in the Kubernetes base."""
    for name in load(BASE / "kustomization.yaml")[0]["resources"]:
        yield from load(BASE / name)


def of_kind(*kinds: str) -> dict[str, Document]:
    """Resources of the base by name."""
    return {found["metadata"]["name"]: found for found in resources() if found["kind"] in kinds}


@dataclass(frozen=True)
class Pod:
    """A pod of the base with its one container."""

    name: str
    spec: Document

    @property
    def container(self) -> Document:
        """The container."""
        [only] = self.spec["containers"]
        found: Document = only
        return found

    @property
    def ports(self) -> dict[str, int]:
        """Its named ports."""
        return {port["name"]: port["containerPort"] for port in self.container.get("ports", [])}


def pods() -> list[Pod]:
    """Every pod of the base."""
    found = of_kind("Deployment", "Job")
    return [Pod(name, resource["spec"]["template"]["spec"]) for name, resource in found.items()]


def deployed() -> list[Pod]:
    """Pods that stay."""
    return [pod for pod in pods() if pod.name != "migrate"]


def texts() -> Iterator[tuple[Path, str]]:
    """Every file of ``deploy/`` that is no Python, and the operators' manual."""
    for path in [*sorted(DEPLOY.rglob("*")), ROOT / "docs" / "operations.md"]:
        if path.is_file() and path.suffix not in (".py", ".pyc") and "secrets" not in path.parts:
            yield path, path.read_text()


def named_settings(text: str) -> set[str]:
    """Settings that a text speaks of."""
    return {name.lower().removeprefix("muster_") for name in re.findall(r"MUSTER_[A-Z_]+[A-Z]", text)}
