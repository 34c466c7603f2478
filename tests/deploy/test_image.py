"""The image, as far as it can be judged without an engine: what goes in, as whom it runs, how it ends."""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.deploy.manifests import DEFAULTS, DEPLOY, ROOT

DOCKERFILE = (DEPLOY / "image" / "Dockerfile").read_text()
STEPS = re.sub(r"\\\n", " ", "\n".join(line for line in DOCKERFILE.splitlines() if not line.startswith("#")))
IGNORE = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]

CODE = """
import sys
sys.modules["loadtests"] = sys.modules["locust"] = None
sys.path.insert(0, sys.argv[1])
for name in ("api.app", "gateway.app", "workers.tasks", "deploy.cli"):
    __import__(name)
    assert sys.modules[name].__file__.startswith(sys.argv[1]), sys.modules[name].__file__
"""


def steps(word: str) -> list[str]:
    """The arguments of every step of a kind."""
    return re.findall(rf"^{word} (.*)$", STEPS, re.MULTILINE)


def goes_in(path: str) -> bool:
    """Whether .dockerignore lets a path of the repository into the build; the last rule that matches decides."""
    verdict = True
    for rule in IGNORE:
        pattern = rule.removeprefix("!")
        parts = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
        if any(fnmatch(part, pattern) or fnmatch(f"/{part}", pattern.removeprefix("*")) for part in parts):
            verdict = rule.startswith("!")
    return verdict


def test_it_runs_as_nobody_special_and_ends_on_sigterm() -> None:
    assert steps("USER") == ["10001:10001"]
    assert steps("STOPSIGNAL") == ["SIGTERM"]
    assert STEPS.index("USER 10001") > STEPS.rindex("RUN ")


def test_everything_it_copies_is_let_in() -> None:
    copied = [source for step in steps("COPY") if "--from" not in step for source in step.split()[:-1]]
    assert {"api", "gateway", "workers", "shared", "deploy"} <= set(copied)
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source == "deploy" or goes_in(source), source


def test_nothing_else_is_let_in() -> None:
    for path in (".git/config", ".muster/secret", "tests/conftest.py", "deploy/compose/secrets/secret_key", ".venv/x"):
        assert not goes_in(path), path
    for path in ("deploy/demo/people.py", "loadtests/campus.py", "shared/__pycache__/keys.pyc", ".env"):
        assert not goes_in(path), path
    for path in ("deploy/cli/health.py", "shared/lua/accept.lua", "shared/migrations/roles.sql"):
        assert goes_in(path), path


def test_no_secret_is_baked_in() -> None:
    assert not re.search(r"(SECRET|PASSWORD|DATABASE_URL|REDIS_URL)", STEPS)


def test_what_is_installed_is_pinned_by_hash() -> None:
    [install] = [step for step in steps("RUN") if "--require-hashes" in step]
    for name in re.findall(r"requirements/(\w+\.txt)", install):
        lines = (ROOT / "requirements" / name).read_text()
        assert len(re.findall(r"^[a-z0-9].*==", lines, re.MULTILINE)) <= lines.count("--hash=sha256:")
    build = (ROOT / "requirements" / "build.txt").read_text()
    wanted = re.search(r'requires = \["setuptools>=(\d+)"\]', (ROOT / "pyproject.toml").read_text())
    assert wanted
    assert int(build.removeprefix("setuptools==").split(".")[0]) >= int(wanted[1])


def test_its_ports_are_those_of_the_settings() -> None:
    ports = {value for name, value in DEFAULTS.items() if name.endswith("_port")}
    assert {int(port) for port in steps("EXPOSE")[0].split()} == ports


def test_it_listens_to_the_outside_on_every_port() -> None:
    hosts = [name for name in Settings.model_fields if name.endswith("_host")]
    assert hosts
    for name in hosts:
        assert f"MUSTER_{name.upper()}=0.0.0.0" in STEPS


@pytest.mark.stack
def test_what_goes_in_is_enough_to_run(tmp_path: Path) -> None:
    """The packages alone, without demo and load tests: every process and the command can be imported."""
    for package in ("api", "gateway", "workers", "shared", "deploy"):
        for path in (ROOT / package).rglob("*"):
            inside = str(path.relative_to(ROOT))
            # What is compiled already only saves time: without its source it is worth nothing.
            if path.is_file() and (goes_in(inside) or path.suffix == ".pyc"):
                (tmp_path / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, tmp_path / inside)
    assert not list((tmp_path / "deploy" / "demo").rglob("*.py"))
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    ended = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
