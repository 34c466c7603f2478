"""starlette-admin's templates, with a nonce on every inline script and style, and without what is fetched elsewhere."""

import re
from collections.abc import Callable

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader

from api.pages.rendering import TEMPLATES

_INLINE = re.compile(r"<(script|style)>")
_ELSEWHERE = re.compile(r"@import url\('https?://[^']*'\);")

Source = tuple[str, str | None, Callable[[], bool] | None]


class Nonced(BaseLoader):
    """The library's own templates. The nonce is put into their source, so nothing that is shown can come by one."""

    def __init__(self) -> None:
        self._library = PackageLoader("starlette_admin", "templates")

    def get_source(self, environment: Environment, template: str) -> Source:
        """The template as Jinja reads it."""
        source, name, fresh = self._library.get_source(environment, template)
        return _ELSEWHERE.sub("", _INLINE.sub(r'<\1 nonce="{{ request.state.nonce }}">', source)), name, fresh

    def list_templates(self) -> list[str]:
        """Every name."""
        return list(self._library.list_templates())


def loaders() -> list[BaseLoader]:
    """Ours first, then the library's; ours refer to those they extend as ``@library/…``."""
    nonced = Nonced()
    return [ChoiceLoader([FileSystemLoader(TEMPLATES / "admin"), PrefixLoader({"@library": nonced}), nonced])]
