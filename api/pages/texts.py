"""The languages pages are written in, and which of them a reader gets.

English is what the strings themselves are written in, so it needs no catalogue. Every other language is an entry here
and a catalogue in ``api/locales/``; nothing in the pages changes.
"""

from dataclasses import dataclass, field
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

from api.headers import cookie

LOCALES = Path(__file__).parent.parent / "locales"
LANGUAGE_COOKIE = "muster_language"
MOST_TAGS = 20
"""Languages a browser is listened to; people name a handful."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language pages are written in, by its own ``name``; ``direction`` is ``ltr`` or ``rtl``, as HTML wants it."""

    code: str
    name: str
    direction: str = "ltr"
    point: str = "."
    """What stands before the decimals of a number."""
    translations: NullTranslations = field(default_factory=NullTranslations)

    def decimal(self, value: float, places: int = 1) -> str:
        """A number with so many decimals, as it is written in this language."""
        return f"{value:.{places}f}".replace(".", self.point)


def catalogue(code: str) -> GNUTranslations:
    """What a language's catalogue says. Read as translators write it, so that nothing compiled can be behind."""
    compiled = BytesIO()
    with (LOCALES / f"{code}.po").open("rb") as written:
        write_mo(compiled, read_po(written, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


ENGLISH = Language("en", "English")
GERMAN = Language("de", "Deutsch", point=",", translations=catalogue("de"))
LANGUAGES = {language.code: language for language in (ENGLISH, GERMAN)}


def language_of(request: Request) -> Language:
    """The language for this reader: the one they chose, else the first that their browser wants and we have."""
    chosen = LANGUAGES.get(cookie(request, LANGUAGE_COOKIE) or "")
    if chosen is not None:
        return chosen
    wanted = _wanted(request.headers.get("accept-language", ""))
    return LANGUAGES[negotiate_locale(wanted, LANGUAGES, sep="-") or ENGLISH.code]


def _wanted(header: str) -> list[str]:
    """Language tags of an ``Accept-Language`` header, the most wanted first (RFC 9110, 12.5.4)."""
    weights: dict[str, float] = {}
    for part in header.split(",")[:MOST_TAGS]:
        tag, _, weight = part.partition(";")
        weights[tag.strip().lower()] = _weight(weight)
    return sorted((tag for tag, weight in weights.items() if tag and weight > 0), key=lambda tag: -weights[tag])


def _weight(parameter: str) -> float:
    """What ``q=0.8`` says; nothing said is 1, what is no number means that it is not wanted."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
