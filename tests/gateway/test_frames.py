"""Frames that are read without the library: exactly as it would read them, and never in the wrong place."""

import itertools

from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, Protocol, Side

from gateway.frames import left_of_frame, read_whole, text_frame

SIZES = st.sampled_from([0, 1, 7, 8, 9, 125, 126, 127, 300, 65_535, 65_536])
READ = (Opcode.TEXT, Opcode.PONG)


def library(data: bytes) -> list[object]:
    """What the library makes of these bytes."""
    protocol = Protocol(Side.SERVER, state=OPEN)
    protocol.receive_data(data)
    return list(protocol.events_received())


@given(st.sampled_from(READ), st.binary(max_size=125))
def test_a_short_frame_is_read_as_the_library_reads_it(opcode: Opcode, content: bytes) -> None:
    data = Frame(opcode, content).serialize(mask=True)
    assert [read_whole(data)] == library(data) == [Frame(opcode, content)]


@given(st.binary(min_size=126, max_size=4096))
@example(b"x" * 126)
@example(b"x" * 4096)
def test_a_longer_text_is_read_as_the_library_reads_it(content: bytes) -> None:
    data = Frame(Opcode.TEXT, content).serialize(mask=True)
    assert [read_whole(data)] == library(data) == [Frame(Opcode.TEXT, content)]


@given(
    st.binary(max_size=140)
    | st.builds(
        lambda head, rest: head + rest,
        st.sampled_from([b"\x81\x85", b"\x8a\x88", b"\x81\xfe\x00\x7e", b"\x81\xfe\x00\x05", b"\x8a\xfe\x00\x7e"]),
        st.integers(0, 140).map(bytes),
    )
)
def test_whatever_is_read_the_library_reads_too(data: bytes) -> None:
    if (frame := read_whole(data)) is not None:
        assert library(data) == [frame]


@given(st.integers(0, 255), st.integers(0, 125))
def test_nothing_else_is_read(first: int, size: int) -> None:
    frame = bytes([first, 0x80 | size]) + b"mask" + b"x" * size
    assert (read_whole(frame) is not None) == (first in {0x80 | opcode for opcode in READ})
    assert read_whole(bytes([first, size]) + b"mask" + b"x" * size) is None
    assert read_whole(frame[:-1]) is None
    assert read_whole(frame + frame) is None


def test_sizes_are_what_they_must_be() -> None:
    """Neither written in more bytes than they need nor larger than a client's may be, and never cut."""
    for size in (5, 125, 4097, 65_535):
        assert read_whole(b"\x81\xfe" + size.to_bytes(2) + b"mask" + b"x" * size) is None
    whole = Frame(Opcode.TEXT, b"x" * 300).serialize(mask=True)
    for end in range(len(whole)):
        assert read_whole(whole[:end]) is None
    assert read_whole(Frame(Opcode.BINARY, b"x" * 300).serialize(mask=True)) is None
    assert read_whole(Frame(Opcode.TEXT, b"x" * 300).serialize(mask=False)) is None


@given(st.lists(SIZES, min_size=1, max_size=6), st.lists(st.integers(0, 70_000), max_size=8))
def test_where_a_frame_begins_is_known_or_given_up_but_never_wrong(sizes: list[int], cuts: list[int]) -> None:
    frames = [Frame(Opcode.TEXT, b"\x8a\x88" * (size // 2) + b"x" * (size % 2)).serialize(mask=True) for size in sizes]
    ends = {0, *itertools.accumulate(map(len, frames))}
    stream = b"".join(frames)
    places = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    left: int | None = 0
    for start, end in itertools.pairwise(places):
        left = left_of_frame(stream[start:end], left)
        assert left is None or (left == 0) == (end in ends)
        assert left is None or end + left in ends


def test_frames_that_come_whole_are_never_given_up() -> None:
    for size in [0, 1, 125, 126, 65_535, 65_536]:
        frame = Frame(Opcode.TEXT, b"x" * size).serialize(mask=True)
        assert left_of_frame(frame, 0) == 0
        assert left_of_frame(frame * 3, 0) == 0


@given(SIZES)
def test_a_frame_of_ours_is_what_the_library_would_build(size: int) -> None:
    content = b"x" * size
    assert text_frame(content) == Frame(Opcode.TEXT, content).serialize(mask=False)
