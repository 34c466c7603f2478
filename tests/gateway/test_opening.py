"""Requests that are read without the library: exactly as it would read and answer them, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.http11 import Request
from websockets.server import ServerProtocol

from gateway.opening import opening_of, read_opening

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
USUAL = {
    "Host": "muster.example",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    "Accept-Language": "en-GB,en;q=0.9",
    "Cookie": "muster=abc",
    "Origin": "https://muster.example",
}


def request(headers: dict[str, str], line: str = "GET /ws?ticket=x HTTP/1.1") -> bytes:
    """As it is sent."""
    return "\r\n".join([line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1")


def library(data: bytes) -> tuple[Request | None, str]:
    """What the library reads, and the first line of what it answers, with the proof that it read the key."""
    protocol = ServerProtocol(max_size=4096)
    protocol.receive_data(data)
    read = next((event for event in protocol.events_received() if isinstance(event, Request)), None)
    if read is None:
        return None, ""
    response = protocol.accept(read)
    return read, f"{response.status_code} {response.headers.get('Sec-WebSocket-Accept', '')}"


def accepted(accepting: bytes | None) -> str:
    """The same of what we would answer."""
    assert accepting is not None
    lines = accepting.decode().split("\r\n")
    assert lines[1:3] == ["Upgrade: websocket", "Connection: Upgrade"]
    assert lines[4:] == ["", ""]
    return f"{lines[0].split()[1]} {lines[3].partition(': ')[2]}"


def same(data: bytes) -> bool:
    """Whether this is read here; what is must be what the library makes of it."""
    opening = read_opening(data)
    if opening is None:
        return False
    read, answer = library(data)
    assert read is not None
    assert answer == accepted(opening.accepting)
    theirs = opening_of(read)
    assert (opening.path, opening.origins) == (theirs.path, theirs.origins)
    return True


@pytest.mark.parametrize("connection", ["Upgrade", "upgrade", "keep-alive, Upgrade"])
def test_what_browsers_and_proxies_send_is_read_here(connection: str) -> None:
    assert same(request(USUAL | {"Connection": connection}))
    assert same(request(USUAL | BROWSER | {"Connection": connection}))


def test_rfc_6455_has_an_example() -> None:
    """Section 1.3."""
    opening = read_opening(request(USUAL))
    assert opening is not None
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in (opening.accepting or b"")


@pytest.mark.parametrize(
    "changed",
    [
        {"Upgrade": "h2c"},
        {"Connection": "close"},
        {"Sec-WebSocket-Version": "12"},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": KEY[:-3] + "B=="},
        {"Content-Length": "5"},
        {"Transfer-Encoding": "chunked"},
        {"X-Odd": "a\x00b"},
        {"X-Odd": "caf\xe9"},
        {"X Odd": "a"},
        {"origin": "https://a.example", "Origin": "https://muster.example"},
        {"sec-websocket-key": KEY},
    ],
    ids=str,
)
def test_what_is_unusual_or_wrong_is_left_to_the_library(changed: dict[str, str]) -> None:
    assert read_opening(request(USUAL | changed)) is None


@pytest.mark.parametrize("name", USUAL)
def test_nothing_may_be_missing(name: str) -> None:
    fewer = {key: value for key, value in (USUAL | BROWSER).items() if key != name}
    assert same(request(fewer)) is (name == "Host")


@pytest.mark.parametrize("line", ["POST /ws HTTP/1.1", "GET /ws HTTP/1.0", "GET  /ws HTTP/1.1", "GET ws HTTP/1.1", "x"])
def test_nothing_but_a_get_is_read(line: str) -> None:
    assert read_opening(request(USUAL, line)) is None


def test_it_is_read_whole_and_alone() -> None:
    whole = request(USUAL | BROWSER)
    assert all(read_opening(whole[:end]) is None for end in range(len(whole)))
    assert read_opening(whole + b"\x81\x80....") is None
    assert read_opening(whole + whole) is None
    assert read_opening(request(USUAL | {"Cookie": "x" * 8192})) is None
    assert read_opening(whole.replace(b"\r\n", b"\n")) is None


PIECES = st.sampled_from(
    ["\r\n", "\n", "\r", " ", "\t", ":", "a", "\x00", "\xff", "Origin: https://x", "Upgrade: websocket", "GET", ","]
)


@given(st.lists(st.tuples(st.integers(0, 400), PIECES), min_size=1, max_size=3))
def test_whatever_is_read_the_library_reads_too(changes: list[tuple[int, str]]) -> None:
    text = request(USUAL | BROWSER).decode("latin-1")
    for place, piece in changes:
        text = text[:place] + piece + text[place:]
    same(text.encode("latin-1"))
