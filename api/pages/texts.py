"""The language of a page: which catalogue its strings come from, and which way it is written.

English is what the strings themselves are written in, so it needs no catalogue. A further language is one more entry
here and one ``.mo`` file; nothing in the pages changes.
"""

from dataclasses import dataclass, field
from gettext import NullTranslations

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Language:
    """A language pages are written in; ``direction`` is ``ltr`` or ``rtl``, as HTML wants it."""

    code: str
    direction: str = "ltr"
    translations: NullTranslations = field(default_factory=NullTranslations)


ENGLISH = Language("en")


def language_of(_request: Request) -> Language:
    """The language for this reader. Only one is shipped so far."""
    return ENGLISH
