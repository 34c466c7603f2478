"""Short frames that come alone, read without the library's parser (RFC 6455 section 5.2).

Answers to pings and single frames of a few words are nearly all that clients ever say, and a parser that may stop
anywhere takes ten times as long for one. Only what is one whole frame and nothing else is read here, and only where a
frame begins: everything else is the library's, and of that no more is looked at than where it ends.
"""

from websockets.frames import Frame, Opcode

_READ = {0x80 | opcode: opcode for opcode in (Opcode.TEXT, Opcode.PONG)}
"""By the first byte: whole, not the beginning or the rest of something, and no extension."""
_MASKED = 0x80
_LONG, _LONGER = 126, 127
_HEAD = 6
"""Two bytes and the mask."""


def read_short(data: bytes) -> Frame | None:
    """The frame that these bytes are, if they are one that is read here."""
    size = len(data) - _HEAD
    if not 0 <= size < _LONG or data[1] != _MASKED | size or (opcode := _READ.get(data[0])) is None:
        return None
    mask = (data[2:_HEAD] * (size // 4 + 1))[:size]
    return Frame(opcode, (int.from_bytes(data[_HEAD:]) ^ int.from_bytes(mask)).to_bytes(size))


def left_of_frame(data: bytes, left: int | None) -> int | None:
    """How many bytes of the last frame in these are still to come, where ``left`` of them belong to the one before.

    0 is where a frame begins; ``None`` that nobody knows, because a head was cut, and so it stays.
    """
    if left is None:
        return None
    place, end = left, len(data)
    while place < end:
        size = _frame_size(data, place)
        if size is None:
            return None
        place += size
    return place - end


def _frame_size(data: bytes, place: int) -> int | None:
    """The size of a client's frame, which is masked, head and all; ``None`` where that is cut."""
    said = data[place + 1] & 0x7F if place + 1 < len(data) else _LONGER
    wide = {_LONG: 2, _LONGER: 8}.get(said, 0)
    if place + 2 + wide > len(data):
        return None
    content = int.from_bytes(data[place + 2 : place + 2 + wide]) if wide else said
    return _HEAD + wide + content


def is_request(data: bytes) -> bool:
    """Whether the first bytes of a connection are a whole request for an upgrade, with nothing of a frame behind it."""
    return data.find(b"\r\n\r\n") == len(data) - 4
