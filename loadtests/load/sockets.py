"""A WebSocket for locust: websocket-client under gevent, each step reported as a request of its own."""

import time
from collections.abc import Iterator
from typing import Any

import msgspec
from locust.env import Environment
from websocket import WebSocket, WebSocketException, create_connection

OPEN_SECONDS = 20.0
IDLE_SECONDS = 40.0
"""Silence after which a socket is taken for dead: the gateway pings every 15 s."""


class Lost(Exception):
    """The socket is closed, or was never opened."""


class RoomSocket:
    """One socket of one person."""

    def __init__(self, environment: Environment, url: str, name: str) -> None:
        self._environment = environment
        self._name = name
        self._socket = self._reported("open", lambda: _open(url))

    def hello(self, token: str, *channels: str) -> None:
        """Say who asks, and what to follow; wait until it is granted."""
        frame = {"type": "CONNECT", "token": token, "subscribe": [{"channel": channel} for channel in channels]}
        self._reported("connect", lambda: self._granted(frame, len(channels)))

    def say(self, kind: str, **fields: Any) -> None:
        """Send a frame."""
        try:
            self._socket.send(msgspec.json.encode({"type": kind, **fields}).decode())
        except (OSError, WebSocketException) as error:
            raise Lost(type(error).__name__) from None

    def frames(self) -> Iterator[dict[str, Any]]:
        """Every frame until the socket ends; pings are answered on the way. Raises :class:`Lost`."""
        while True:
            yield self._next()

    def close(self) -> None:
        """Leave in good order."""
        try:
            self._socket.close(timeout=1)
        except (OSError, WebSocketException):
            return  # it is closed either way

    def _granted(self, frame: dict[str, Any], channels: int) -> None:
        self.say(**{"kind": frame.pop("type"), **frame})
        missing = ["CONNECTED", *["SUBSCRIBED"] * channels]
        while missing:
            kind = self._next()["type"]
            if kind == "ERROR":
                raise Lost("refused")
            if kind in missing:
                missing.remove(kind)

    def _next(self) -> dict[str, Any]:
        try:
            text = self._socket.recv()
        except (OSError, WebSocketException) as error:
            raise Lost(type(error).__name__) from None
        if not text:
            raise Lost("closed")
        frame: dict[str, Any] = msgspec.json.decode(text)
        return frame

    def _reported(self, step: str, call: Any) -> Any:
        """Do one step and report how long it took."""
        begun = time.perf_counter()
        failure: Exception | None = None
        try:
            return call()
        except (OSError, WebSocketException, Lost) as error:
            failure = Lost(f"{type(error).__name__} {getattr(error, 'status_code', '')}".strip())
            raise failure from None
        finally:
            report(self._environment, "WS", f"{self._name} {step}", time.perf_counter() - begun, failure)


def _open(url: str) -> WebSocket:
    # Without an Origin, as programs do: a foreign one would be refused, and the load is no page of anybody's.
    socket = create_connection(url, timeout=OPEN_SECONDS, enable_multithread=False, suppress_origin=True)
    socket.settimeout(IDLE_SECONDS)
    return socket


def report(environment: Environment, kind: str, name: str, seconds: float, failure: Exception | None = None) -> None:
    """One row of the table: a request that took so long."""
    environment.events.request.fire(
        request_type=kind,
        name=name,
        response_time=seconds * 1000,
        response_length=0,
        exception=failure,
        context={},
    )
