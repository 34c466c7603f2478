"""The one way in which the local stack says that it cannot run."""

from shared.settings import EXIT_UNAVAILABLE


class StackError(Exception):
    """The local stack cannot run. The text is one line for the person who started it."""

    exit_code = EXIT_UNAVAILABLE
