"""The protocol of one socket, without the socket: a frame comes in, what to do comes out (3-realtime 3.1).

Who is asking and what they may see is decided elsewhere; this core only knows which frames make sense when. It
raises :class:`BrokenProtocol` where they do not, and the socket is closed with 4502.
"""

import re

import msgspec

from shared.messages.frames import Activity, ClientFrame, Connect, Ping, Refresh, Resume, Subscribe, Unsubscribe

_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_ACTIVITY = re.compile(r"[a-z_]{1,32}")


class BrokenProtocol(Exception):
    """A frame that no client of ours would send. The message is for logs; it never quotes the frame."""


class Authenticate(msgspec.Struct, frozen=True):
    """Find out who this is; exactly one of the two is given. ``channels`` will be followed at once."""

    token: str | None
    ticket: str | None
    channels: tuple[str, ...] = ()


class Follow(msgspec.Struct, frozen=True):
    """Subscribe to a channel, from a position on if one is given."""

    resume: Resume


class Unfollow(msgspec.Struct, frozen=True):
    """Unsubscribe from a channel."""

    channel: str


class Renew(msgspec.Struct, frozen=True):
    """Let the socket live as long as this token."""

    token: str


class Report(msgspec.Struct, frozen=True):
    """Pass on evidence of interacting."""

    activity: Activity


class AnswerPing(msgspec.Struct, frozen=True):
    """Send PONG."""


class Decline(msgspec.Struct, frozen=True):
    """Send ERROR ``malformed``: the frame is well formed, what it says is not."""


Action = Authenticate | Follow | Unfollow | Renew | Report | AnswerPing | Decline


class Conversation:
    """What has been said on one socket so far. ``known`` is for a socket whose URL had a valid ticket."""

    def __init__(self, *, known: bool = False) -> None:
        self._known = known
        self._may_connect = True

    def read(self, message: str | bytes) -> list[Action]:
        """What a frame asks for, in order; raises :class:`BrokenProtocol`."""
        if isinstance(message, bytes):
            raise BrokenProtocol("binary frame")
        try:
            frame = _decoder.decode(message)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise BrokenProtocol(type(error).__name__) from None
        if isinstance(frame, Connect):
            return self._connect(frame)
        if not self._known:
            raise BrokenProtocol("before CONNECT")
        return [_action(frame)]

    def _connect(self, frame: Connect) -> list[Action]:
        if not self._may_connect:
            raise BrokenProtocol("second CONNECT")
        credentials = (frame.token is not None) + (frame.ticket is not None)
        # After a ticket in the URL, CONNECT may still come, but only to name channels.
        if credentials != (0 if self._known else 1):
            raise BrokenProtocol("CONNECT needs exactly one of token and ticket")
        self._may_connect = False
        follows: list[Action] = [Follow(resume) for resume in frame.subscribe]
        if self._known:
            return follows
        self._known = True
        channels = tuple(resume.channel for resume in frame.subscribe)
        return [Authenticate(frame.token, frame.ticket, channels), *follows]


def _action(frame: Subscribe | Unsubscribe | Activity | Refresh | Ping) -> Action:
    match frame:
        case Subscribe():
            return Follow(Resume(frame.channel, frame.version, frame.epoch))
        case Unsubscribe():
            return Unfollow(frame.channel)
        case Refresh():
            return Renew(frame.token)
        case Activity():
            return Report(frame) if _ACTIVITY.fullmatch(frame.activity) else Decline()
        case Ping():
            return AnswerPing()
