"""Control messages: what every process should hear at once. Losing one is bounded by a short life elsewhere."""

from uuid import UUID

import msgspec


class SessionFactsChanged(msgspec.Struct, frozen=True, tag="session"):
    """Forget what you remember of this session."""

    session_id: UUID


class TokenRevoked(msgspec.Struct, frozen=True, tag="token"):
    """This token is dead: refuse it, close its sockets."""

    token_id: str


class PersonDisabled(msgspec.Struct, frozen=True, tag="person"):
    """This person may do nothing more: refuse their tokens, close their sockets."""

    user_id: UUID


class TabsClosed(msgspec.Struct, frozen=True, tag="tabs"):
    """These people closed a socket and have others at other gateways: let those be asked whether they are there."""

    user_ids: list[UUID]


class DrainWanted(msgspec.Struct, frozen=True, tag="drain"):
    """A gateway has appended events and knows no Celery: let the drain be called, once per ``id``, by whoever can."""

    id: str


Control = SessionFactsChanged | TokenRevoked | PersonDisabled | TabsClosed | DrainWanted

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Control] = msgspec.json.Decoder(Control)


def encode(message: Control) -> bytes:
    """The message as it is published on ``keys.CONTROL``."""
    return _encoder.encode(message)


def decode(payload: bytes) -> Control:
    """The inverse; raises ``msgspec.DecodeError``."""
    return _decoder.decode(payload)
