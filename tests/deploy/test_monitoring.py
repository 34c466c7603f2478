"""Alerts and dashboard: what they ask for exists, what they link to exists, and every process is scraped."""

import json
import re
from collections.abc import Iterator
from typing import Any

from deploy.cli.docs import metric_names
from tests.deploy.manifests import DEFAULTS, DEPLOY, PARTS, ROOT, load

RULES: list[dict[str, Any]] = load(DEPLOY / "monitoring" / "alerts.yaml")[0]["groups"][0]["rules"]
DASHBOARD = json.loads((DEPLOY / "monitoring" / "dashboard.json").read_text())
BUILT_IN = {"process_cpu_seconds_total", "up"}
"""Made by Prometheus and its client."""


def panels() -> Iterator[dict[str, Any]]:
    """Every panel that shows something."""
    return (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


def asked(expression: str) -> set[str]:
    """The metrics of an expression."""
    return set(re.findall(r"\b(?:muster|process)_[a-z0-9_]+|\bup(?=\{)", expression))


def expressions() -> list[str]:
    """Everything that is asked anywhere."""
    keda = (DEPLOY / "kubernetes" / "keda" / "scaling.yaml").read_text()
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*(rule["expr"] for rule in RULES), *shown, *re.findall(r"query: (.*)", keda)]


def test_every_metric_that_is_asked_for_exists() -> None:
    for expression in expressions():
        assert asked(expression), expression
        assert asked(expression) <= metric_names() | BUILT_IN, expression


def test_counters_are_asked_for_their_rate() -> None:
    for expression in expressions():
        for name in asked(expression):
            if name.endswith(("_total", "_bucket")):
                assert re.search(rf"(rate|increase)\({name}\b", expression), expression


def test_every_alert_waits_says_what_is_wrong_and_what_to_do() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    anchors = {re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-") for line in _headings(manual)}
    for rule in RULES:
        assert re.fullmatch(r"\d+m", rule["for"])
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith(".")
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operations.md"
        assert anchor in anchors, rule["alert"]


def test_what_a_canary_may_take_is_the_same_everywhere() -> None:
    from api.pages.condition import SLOW_SECONDS

    [slow] = [rule for rule in RULES if rule["alert"] == "MusterSlow"]
    assert float(slow["expr"].split("> ")[1]) == SLOW_SECONDS


def test_every_process_is_scraped_on_its_port() -> None:
    ports = {"api": "api_metrics_port", "gateway": "gateway_metrics_port", "scheduler": "scheduler_metrics_port"}
    [config] = load(DEPLOY / "monitoring" / "prometheus.yaml")
    found = {job["job_name"]: job["dns_sd_configs"][0] for job in config["scrape_configs"]}
    assert set(found) == PARTS
    for part, where in found.items():
        assert where["names"] == [part]
        assert where["port"] == DEFAULTS[ports.get(part, "worker_metrics_port")]


def test_panels_do_not_overlap_and_can_be_told_apart() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def _headings(text: str) -> Iterator[str]:
    return (line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
