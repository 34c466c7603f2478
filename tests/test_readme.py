"""The README tells the truth about what can be checked."""

from pathlib import Path

from shared.settings import settings_table

ROOT = Path(__file__).parents[1]


def test_the_settings_table_is_the_one_made_from_code() -> None:
    readme = (ROOT / "README.md").read_text()
    shown = readme.split("<!-- settings: made by `muster config table` -->\n")[1].split("\n<!-- /settings -->")[0]
    assert shown == settings_table()


def test_every_picture_and_document_it_points_to_exists() -> None:
    readme = (ROOT / "README.md").read_text()
    for target in ("docs/architecture.md", "docs/decisions", "docs/images/live.png"):
        assert target in readme
        assert (ROOT / target).exists()
