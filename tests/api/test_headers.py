"""What a request's headers say."""

import pytest
from starlette.requests import Request

from api.headers import header, media_type


def _asked(*headers: tuple[bytes, bytes]) -> Request:
    return Request({"type": "http", "headers": list(headers)})


def test_a_header_is_found_by_its_name_and_a_missing_one_is_none() -> None:
    """Bytes that are no ASCII come through as Latin-1, as the standard has it."""
    request = _asked((b"accept", b"*/*"), (b"authorization", b"Bearer \xe4"))
    assert header(request, b"authorization") == "Bearer \xe4"
    assert header(request, b"cookie") is None


def test_of_several_the_last_counts() -> None:
    """Everywhere the same one: who asks and who checks the origin must not read two different headers."""
    assert (
        header(_asked((b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")), b"authorization") == "Bearer b"
    )


@pytest.mark.parametrize(
    ("sent", "read"),
    [(b"application/json", "application/json"), (b"Application/JSON ; charset=utf-8", "application/json"), (b"", "")],
)
def test_a_media_type_is_read_without_its_parameters(sent: bytes, read: str) -> None:
    """And in lower case."""
    assert media_type(_asked((b"content-type", sent))) == read
