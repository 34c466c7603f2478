"""The library's protocol core (sans-I/O), which judges all that is unusual, and how a conversation ends."""

import asyncio
import logging
from contextlib import suppress

from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.frames import MAX_FRAME_BYTES

_log = logging.getLogger("gateway.websockets")
_log.setLevel(logging.WARNING)  # At DEBUG the library logs handshakes, and with them tickets.


def new_core(state: State = State.CONNECTING) -> ServerProtocol:
    """A core, from where a conversation is now."""
    return ServerProtocol(state=state, max_size=MAX_FRAME_BYTES, logger=_log)


def send_out(core: ServerProtocol, transport: asyncio.Transport) -> None:
    """Send what the core wants to be sent, the end of it all included."""
    with suppress(RuntimeError, OSError):  # The connection may be closed already, as uvloop says.
        for data in core.data_to_send():
            transport.write(data) if data else transport.write_eof()
