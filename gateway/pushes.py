"""A push as a gateway hears it: the parts of the message, and the epoch that its frame ends with."""

from datetime import datetime

import msgspec

_EPOCH = b'"epoch":"'
_END = b'"}}'
_TIMESTAMP = b'"timestamp":"'
HEAD = 256
"""Bytes of a frame in which its timestamp stands."""


class Push(msgspec.Struct, frozen=True):
    """One push of a channel. ``frame`` is what staff are sent, byte for byte."""

    version: int
    epoch: str
    type: str
    frame: bytes


def sent_at(push: Push) -> datetime | None:
    """The push's timestamp, which the workers write before its data; ``None`` where it has none."""
    before, found, rest = push.frame[:HEAD].partition(_TIMESTAMP)
    if not found or b'"data"' in before:
        return None
    try:
        return datetime.fromisoformat(rest.partition(b'"')[0].decode())
    except ValueError:
        return None


def read_push(message: bytes) -> Push:
    """The parts of ``<version> <type> <frame>``; raises ``ValueError`` on anything else.

    lua/publish.lua writes version and epoch last, so the epoch is found from the end, whatever the data says.
    """
    version, kind, frame = message.split(b" ", 2)
    start = frame.rfind(_EPOCH)
    if start < 0 or not frame.endswith(_END):
        raise ValueError("no epoch at the end")
    epoch = frame[start + len(_EPOCH) : -len(_END)]
    return Push(int(version), epoch.decode(), kind.decode(), frame)
