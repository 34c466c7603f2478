"""Contestants that others made and that may be missing here: nchan, NATS, and Socket.IO with its Redis adapter."""

import http.client
import os
import socket
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from loadtests.gateway.contestant import FIRST_PORT, Contestant, Publish, named, strangers
from loadtests.gateway.member import frame
from loadtests.gateway.publisher import Publisher
from loadtests.gateway.rivals import debian, node


def others(redis_url: str, home: Path) -> Iterator[Contestant]:
    """Whoever can be had; whoever cannot is named, with the reason."""
    root = debian.unpack(home)
    if root is None:
        print("NATS and nchan are left out: their Debian packages cannot be had here")
    else:
        yield _nats(root, home)
        try:
            yield _nchan(root, home)
        except PermissionError as error:
            print(f"nchan is left out: {error}")
    if node.install(home):
        yield _socketio(redis_url, home)
    else:
        print("Socket.IO is left out: it needs node, npm and a registry")


def _nchan(root: Path, home: Path) -> Contestant:
    port = FIRST_PORT + 3

    def connect() -> Publish:
        line = http.client.HTTPConnection("127.0.0.1", port)

        def publish(channel: str, payloads: Sequence[bytes]) -> None:
            for payload in payloads:
                line.request("POST", f"/pub/{channel}", payload)
                line.getresponse().read()

        return publish

    return Contestant("nchan (memory)", port, debian.nchan(root, home, port), named("room"), strangers, connect)


def _nats(root: Path, home: Path) -> Contestant:
    port, tcp = FIRST_PORT + 4, FIRST_PORT + 5

    def subscribers(channel: str, count: int) -> list[dict[str, Any]]:
        hello = b'CONNECT {"verbose":false}\r\nSUB %s 1\r\nPING\r\n' % channel.encode()
        return [{"path": "/", "first": [b64encode(frame(hello, 2)).decode()]}] * count

    def connect() -> Publish:
        line = socket.create_connection(("127.0.0.1", tcp))
        line.sendall(b'CONNECT {"verbose":false}\r\n')

        def publish(channel: str, payloads: Sequence[bytes]) -> None:
            said = [b"PUB %s %d\r\n%s\r\n" % (channel.encode(), len(payload), payload) for payload in payloads]
            line.sendall(b"".join(said))
            line.setblocking(False)
            with suppress(BlockingIOError):
                while b"PING" in line.recv(65_536):
                    line.setblocking(True)
                    line.sendall(b"PONG\r\n")
                    line.setblocking(False)
            line.setblocking(True)

        return publish

    dialect = {"ready": b"PONG", "ping": b"PING", "pong": frame(b"PONG\r\n", 2)}
    environment = {"HOME": os.environ.get("HOME", "/")}
    return Contestant(
        "NATS (WebSocket)",
        port,
        debian.nats(root, home, port, tcp),
        named("room"),
        subscribers,
        connect,
        dialect,
        environment,
        kept=0.999,
    )


def _socketio(redis_url: str, home: Path) -> Contestant:
    """Published to as another server of the same cluster would, through the adapter."""
    port = FIRST_PORT + 6

    def guests(channel: str, count: int) -> list[dict[str, Any]]:
        path = f"/socket.io/?EIO=4&transport=websocket&room={channel}"
        return [{"path": path, "first": [b64encode(frame(b"40")).decode()]}] * count

    def connect() -> Publish:
        publisher = Publisher(redis_url)

        def publish(channel: str, payloads: Sequence[bytes]) -> None:
            options = {"rooms": [channel], "except": [], "flags": {}}
            data = [["push", msgspec.json.decode(payload)] for payload in payloads]
            packets = [["bench", {"type": 2, "data": each, "nsp": "/"}, options] for each in data]
            room = f"socket.io#/#{channel}#"
            publisher.say([("PUBLISH", room, msgspec.msgpack.encode(packet)) for packet in packets])

        return publish

    dialect = {"ready": b"40{", "ping": b"2", "pong": frame(b"3")}
    command = node.socketio(port, redis_url)
    return Contestant(
        "Socket.IO + Redis adapter", port, command, named("room"), guests, connect, dialect, node.modules(home)
    )
