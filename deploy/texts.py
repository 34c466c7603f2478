"""``python -m deploy.texts``: bring the catalogues of ``api/locales/`` up to date with what the pages say.

What is new stands there without a translation, what is no longer said is gone; the rest stays as translators wrote it.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

API = Path(__file__).parent.parent / "api"
LOCALES = API / "locales"
METHODS = [("templates/**.html", "jinja2"), ("pages/**.py", "python")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
WIDTH = 120


def said() -> Catalog:
    """Every text of the pages, and in which files it stands."""
    found = Catalog(fuzzy=False)
    for file, _line, message, comments, context in extract_from_dir(API, METHODS, OPTIONS):
        found.add(message, locations=[(file, None)], auto_comments=comments, context=context)  # type: ignore[list-item]
    return found


def update(path: Path, found: Catalog) -> None:
    """Write a language's catalogue anew; the file's name is the language's code."""
    with path.open("rb") as written:
        catalogue = read_po(written, locale=path.stem)
    catalogue.update(found, no_fuzzy_matching=True, update_creation_date=False)
    with path.open("wb") as file:
        write_po(file, catalogue, width=WIDTH, ignore_obsolete=True, include_lineno=False)


def main() -> None:
    """Every catalogue there is."""
    found = said()
    for path in sorted(LOCALES.glob("*.po")):
        update(path, found)
        print(f"{path.name}: {len(found)} texts")


if __name__ == "__main__":
    main()
