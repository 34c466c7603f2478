"""Bytes on the wire (RFC 6455 section 5.2): a frame built once for all who get it, and whole frames that come alone.

The library serialises a broadcast again for every socket, which is most of its cost. And a parser that may stop
anywhere takes ten times as long for what clients nearly always say: one whole frame of a few words, an answer to a
ping. Only what is one whole frame and nothing else is read here, and only where a frame begins: everything else is the
library's, and of that no more is looked at than where it ends.
"""

from websockets.frames import Frame, Opcode

MAX_FRAME_BYTES = 4096
"""Largest message from a client; of a larger one the library says 1009."""
_WHOLE_TEXT = 0x81
_READ = {0x80 | opcode: opcode for opcode in (Opcode.TEXT, Opcode.PONG)}
"""By the first byte: whole, not the beginning or the rest of something, and no extension."""
_MASKED = 0x80
_LONG, _LONGER = 126, 127
_SHORT_HEAD, _LONG_HEAD = 6, 8
"""Two bytes, what the size of longer ones takes, and the mask."""


def text_frame(content: bytes) -> bytes:
    """A complete, unmasked text frame."""
    size = len(content)
    if size < _LONG:
        return b"%c%c%s" % (_WHOLE_TEXT, size, content)
    if size < 1 << 16:
        return b"%c%c%s%s" % (_WHOLE_TEXT, _LONG, size.to_bytes(2), content)
    return b"%c%c%s%s" % (_WHOLE_TEXT, _LONGER, size.to_bytes(8), content)


def read_whole(data: bytes) -> Frame | None:
    """The frame that these bytes are, if they are one that is read here."""
    size, head = len(data) - _SHORT_HEAD, _SHORT_HEAD
    if size < 0 or (opcode := _READ.get(data[0])) is None:
        return None
    if data[1] != _MASKED | size or size >= _LONG:
        if opcode is not Opcode.TEXT or not _is_long(data):
            return None
        size, head = len(data) - _LONG_HEAD, _LONG_HEAD
    mask = (data[head - 4 : head] * (size // 4 + 1))[:size]
    return Frame(opcode, (int.from_bytes(data[head:]) ^ int.from_bytes(mask)).to_bytes(size))


def _is_long(data: bytes) -> bool:
    """Whether this is a masked frame whose size takes two bytes more, as it must for no shorter one."""
    size = len(data) - _LONG_HEAD
    return _LONG <= size <= MAX_FRAME_BYTES and data[1:4] == b"%c%c%c" % (_MASKED | _LONG, size >> 8, size & 0xFF)


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
    return _SHORT_HEAD + wide + content
