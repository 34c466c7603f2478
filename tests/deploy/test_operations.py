"""docs/operations.md tells the truth about what can be checked."""

import re

from typer.testing import CliRunner

from deploy.cli import app
from deploy.cli.docs import closes_table, metrics_table
from shared.settings import Settings
from tests.deploy.manifests import ROOT, named_settings, texts

MANUAL = (ROOT / "docs" / "operations.md").read_text()

IMAGE_ONLY = {"image", "http_port"}
"""Variables of compose.yaml itself."""


def between(name: str) -> str:
    """The generated part of the manual."""
    return MANUAL.split(f"<!-- {name}: made by `muster docs {name}` -->\n")[1].split(f"\n<!-- /{name} -->")[0]


def test_the_tables_are_those_made_from_code() -> None:
    assert between("metrics") == metrics_table()
    assert between("closes") == closes_table()


def test_the_tables_can_be_printed() -> None:
    for name, table in (("metrics", metrics_table()), ("closes", closes_table())):
        assert CliRunner().invoke(app, ["docs", name]).output.strip() == table


def test_every_setting_that_is_named_exists() -> None:
    for path, text in texts():
        assert named_settings(text) <= set(Settings.model_fields) | IMAGE_ONLY, path


def test_every_command_that_is_named_exists() -> None:
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    top = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    named = set(re.findall(r"\bmuster ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?", "\n".join(re.findall(r"`[^`]*`", MANUAL))))
    assert named
    for first, second in named:
        if first in groups:
            inner = {found.name or found.callback.__name__ for found in groups[first].registered_commands}  # type: ignore[union-attr]
            assert second in inner, (first, second)
        else:
            assert first in top, first


def test_every_file_that_is_named_exists() -> None:
    for path in re.findall(r"`((?:deploy|docs|shared|requirements)/[\w./-]+)`", MANUAL):
        assert (ROOT / path).exists() or path.endswith("/secrets"), path
    for link in re.findall(r"\]\((?!http)([^)#]+)", MANUAL):
        assert (ROOT / "docs" / link).exists(), link
