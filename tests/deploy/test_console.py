"""One terminal for many processes."""

import io

from deploy.stack.child import how_it_ended
from deploy.stack.console import Console, wants_colour


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def test_names_are_aligned() -> None:
    stream = io.StringIO()
    console = Console(stream, ("api", "gateway"), colour=False)
    console.line("api", "hello")
    console.line("gateway", "hello")
    assert stream.getvalue() == "api     │ hello\ngateway │ hello\n"


def test_only_a_terminal_gets_colour_and_only_if_it_wants() -> None:
    assert wants_colour(Terminal(), {})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(io.StringIO(), {})


def test_a_terminal_that_is_gone_stops_nobody() -> None:
    stream = io.StringIO()
    stream.close()
    Console(stream, ("api",), colour=False).line("api", "into the void")


def test_an_end_is_told_in_words() -> None:
    assert how_it_ended(3) == "ended with status 3"
    assert how_it_ended(-9) == "was killed by SIGKILL"
