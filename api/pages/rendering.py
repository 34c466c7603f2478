"""Rendering: one strict, escaping Jinja environment per language."""

from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.pages.sentences import in_words_of
from api.pages.texts import ENGLISH, LANGUAGES, Language, language_of

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
    made.globals.update(language=language, languages=LANGUAGES.values())
    made.filters.update(decimal=language.decimal, said=partial(in_words_of, language))
    return made


def render(name: str, values: Mapping[str, object], language: Language = ENGLISH) -> str:
    """A template as HTML text."""
    return environment(language).get_template(name).render(values)


def page(request: Request, name: str, values: Mapping[str, object], status: int = 200) -> HTMLResponse:
    """A template as an answer, in the language of who asked."""
    return HTMLResponse(render(name, values, language_of(request)), status, PRIVATE)
