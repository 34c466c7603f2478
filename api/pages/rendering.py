"""Rendering: one strict, escaping Jinja environment per language."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from api.pages.texts import ENGLISH, Language

TEMPLATES = Path(__file__).parent.parent / "templates"
PRIVATE = {"Cache-Control": "no-store"}
"""Pages show what one person may see at one moment: nobody keeps them."""


@lru_cache
def environment(language: Language) -> Environment:
    """The templates, speaking this language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]
    made.globals["language"] = language
    return made


def render(name: str, values: Mapping[str, object], language: Language = ENGLISH) -> str:
    """A template as HTML text."""
    return environment(language).get_template(name).render(values)


def page(name: str, values: Mapping[str, object], status: int = 200, *, language: Language = ENGLISH) -> HTMLResponse:
    """A template as an answer."""
    return HTMLResponse(render(name, values, language), status, PRIVATE)
