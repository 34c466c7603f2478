"""How a socket ends: one table of codes, their reasons, and whether a client should come back (3-realtime 3.4).

4000-4499 say "reconnect", 4500-4999 say "do not": a client needs no table of its own. The rest are the protocol's own
codes (RFC 6455 section 7.4), of which the library sends 1002, 1007 (text that is not UTF-8) and 1009 (an oversized
frame) by itself.
"""

from enum import IntEnum
from typing import Self


class Close(IntEnum):
    """Close codes that the gateway sends. ``reason`` goes into the close frame, ``reconnect`` is for clients."""

    reason: str
    reconnect: bool

    def __new__(cls, code: int, reason: str, reconnect: bool) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.reason, member.reconnect = reason, reconnect
        return member

    FAULT = 1011, "a fault of ours", True
    RESTART = 1012, "the gateway restarts", True
    TRY_AGAIN = 1013, "cannot tell who you are just now", True
    NO_CONNECT = 4000, "no CONNECT in time", True
    SLOW = 4001, "reads too slowly", True
    EXPIRED = 4002, "token or ticket expired", True
    RESYNC_STORM = 4003, "come back later", True
    BAD_TOKEN = 4500, "token or ticket refused", False
    FORBIDDEN = 4501, "no part in this session", False
    PROTOCOL = 4502, "protocol error", False
    TOO_MANY = 4503, "too many connections", False
    DISABLED = 4504, "signed out or disabled", False


LIBRARY_CODES = frozenset({1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009, 1010, 1011})


def label(code: int | None) -> str:
    """A code as a metric's label. Clients may send any code, and labels must stay few."""
    if code is None:
        return "none"
    return str(code) if code in LIBRARY_CODES or code in Close._value2member_map_ else "other"
