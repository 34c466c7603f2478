"""The request that opens a socket (RFC 6455 section 4): as browsers and proxies write it, read without the library.

Only what comes whole and is what it should be, word for word, is read here. Whatever is unusual or wrong is the
library's to read, and to answer.
"""

import re
from dataclasses import dataclass

from websockets.http11 import Request
from websockets.utils import accept_key

_MOST_BYTES = 8192
_REQUEST = re.compile(rb"GET (/[!-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n){5,64})\r\n")
_HEADER = re.compile(r"([^:]+):([^\r]*)\r\n")
_KEY = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==")
"""Sixteen bytes, base64."""
_BODY = ("content-length", "transfer-encoding")
_ACCEPT = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a request asks for: the path with its query, and whom the browser names as the page's origin.

    ``accepting`` are the bytes that let it in; where there are none the library decides that by the ``request``.
    """

    path: str
    origins: list[str]
    accepting: bytes | None = None
    request: Request | None = None


def opening_of(request: Request) -> Opening:
    """The same of a request that the library has read."""
    return Opening(request.path, request.headers.get_all("Origin"), request=request)


def read_opening(data: bytes) -> Opening | None:
    """What these bytes ask for, if they are a whole request for an upgrade, and an ordinary one."""
    if len(data) > _MOST_BYTES or (found := _REQUEST.fullmatch(data)) is None:
        return None
    pairs = _HEADER.findall(found[2].decode("ascii"))
    headers = {name.lower(): value.strip("\t ") for name, value in pairs}
    if len(headers) != len(pairs) or any(name in headers for name in _BODY) or not _asks_for_upgrade(headers):
        return None
    origins = [headers["origin"]] if "origin" in headers else []
    return Opening(found[1].decode("ascii"), origins, _ACCEPT.format(accept_key(headers["sec-websocket-key"])).encode())


def _asks_for_upgrade(headers: dict[str, str]) -> bool:
    return (
        headers.get("upgrade", "").lower() == "websocket"
        and headers.get("connection", "").lower() in ("upgrade", "keep-alive, upgrade")
        and headers.get("sec-websocket-version") == "13"
        and _KEY.fullmatch(headers.get("sec-websocket-key", "")) is not None
    )
