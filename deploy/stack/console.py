"""One terminal for many processes: every line carries the name of who said it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
"""ANSI foreground colours that read well on dark and on light; red is kept for trouble."""
RED, BOLD = 31, 1


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Colour is for people: a terminal, and no ``NO_COLOR`` (https://no-color.org)."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


class Console:
    """Writes whole lines, each behind an aligned name."""

    def __init__(self, stream: TextIO, names: Sequence[str], *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._width = max(map(len, names), default=0)
        self._colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}

    def line(self, name: str, text: str) -> None:
        """What the process ``name`` printed."""
        self._write(f"{self._paint(name.ljust(self._width), self._colours.get(name, BOLD))} │ {text}")

    def trouble(self, name: str, text: str) -> None:
        """What the supervisor has to say about ``name``, and nobody should overlook."""
        self.line(name, self._paint(text, RED))

    def say(self, text: str) -> None:
        """What the supervisor itself does."""
        self.line("muster", text)

    def block(self, text: str) -> None:
        """Several lines without a name, such as the banner."""
        self._write(text)

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text

    def _write(self, text: str) -> None:
        # A terminal that is gone (`muster up | head`) is no reason not to stop in order.
        with suppress(OSError, ValueError):
            self._stream.write(text + "\n")
            self._stream.flush()
