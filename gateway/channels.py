"""Names of channels, read strictly: a name the server would not build is nobody's channel (5-security)."""

from functools import lru_cache
from uuid import UUID

from shared import keys

_PREFIX = keys.channel("")
_LENGTH = len(_PREFIX) + 36


def session_of(channel: str) -> UUID | None:
    """The session a channel belongs to, if the name is one that the server would have built."""
    return _session_of(channel) if len(channel) == _LENGTH else None


@lru_cache(maxsize=4096)
def _session_of(channel: str) -> UUID | None:
    """Remembered, since a whole class names the same."""
    try:
        session_id = UUID(channel.removeprefix(_PREFIX))
    except ValueError:
        return None
    return session_id if keys.channel(session_id) == channel else None
