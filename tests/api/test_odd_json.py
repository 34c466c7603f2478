"""Odd JSON: every way to be wrong is a 4xx problem, and nothing is written (5-security)."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.types import Message

from api import accounts
from api.body import MAX_BODY, read_body
from api.problems import Problem
from api.routes import ENDPOINTS
from tests.api.answers import refusal
from tests.api.every import UNSAFE_ONES, WITH_BODY, Target, everything, name_of
from tests.api.lecture import Lecture

JSON = {"content-type": "application/json"}

NOT_JSON = {
    "nothing but space": b"  ",
    "not a number": b'{"x": NaN}',
    "infinity": b'{"x": Infinity}',
    "minus infinity": b"[-Infinity]",
    "deep arrays": b"[" * 30_000 + b"]" * 30_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "unclosed arrays": b"[" * 60_000,
    "5,000 digits": b'{"x": ' + b"9" * 5_000 + b"}",
    "bad UTF-8": b'{"x": "\xff\xfe"}',
    "overlong UTF-8": b'{"x": "\xc0\x80"}',
    "a surrogate in UTF-8": b'{"x": "\xed\xa0\x80"}',
    "UTF-16": '{"x": 1}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half a surrogate pair": b'{"x": "\\ud800"}',
    "the other half first": b'{"x": "\\udc00\\ud800"}',
    "half a pair as a name": b'{"\\ud83d": 1}',
    "a name twice": b'{"x": 1, "x": 1}',
    "a name twice, spelled differently": b'{"x": 1, "\\u0078": 1}',
    "a name twice, deep inside": b'{"a": [{"x": 1, "x": 2}]}',
    "a raw control character": b'{"x": "\x00"}',
    "a comment": b"{} // nothing",
    "a comma too many": b'{"x": 1,}',
    "single quotes": b"{'x': 1}",
    "two documents": b"{}{}",
    "half a document": b'{"x": ',
    "a form": b"token=1",
}

OTHER_SHAPES = {
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a text": b'"{}"',
    "an array": b"[]",
    "an array of objects": b"[{}]",
    "an unknown field": b'{"x": 1}',
    "U+0000": b'{"x": "\\u0000"}',
    "U+0000 in a name": b'{"\\u0000": 1}',
    "a prototype": b'{"__proto__": {"role": "ADMIN"}}',
    "a huge exponent": b'{"x": 1e999999}',
    "4,000 digits": b'{"x": ' + b"9" * 4_000 + b"}",
}

ODD_VALUES = [
    "\0", "a\0b", "é" * 300, "x" * 60_000, "", " ", "{{7*7}}", "%s%n", "NaN", "1e5", "-1",
    -1, 0, 2**31, 2**63, 2**64, 10**400, 1.5, -0.0, 1e308, True, False, None, [], [[]], {}, {"a": {}}, [None],
    "00000000-0000-0000-0000-000000000000", ["00000000-0000-0000-0000-000000000000"] * 51, "2026-03-02T09:00:00Z",
]  # fmt: skip


@pytest.fixture
async def target(lecture: Lecture, request: pytest.FixtureRequest) -> Target:
    """One endpoint in a running session."""
    return Target(request.param, lecture)


@pytest.fixture
def untouched(owner: Engine, target: Target) -> Iterator[None]:
    """Nothing is written by the test."""
    before = everything(owner)
    yield
    assert everything(owner) == before


with_body = pytest.mark.parametrize("target", WITH_BODY, ids=name_of, indirect=True)
unsafe = pytest.mark.parametrize("target", UNSAFE_ONES, ids=name_of, indirect=True)


async def send(target: Target, content: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    """Send raw bytes as the teacher."""
    headers = JSON if headers is None else headers
    return await target.lecture.teacher.request(target.endpoint.method, target.url(), content=content, headers=headers)


@with_body
@pytest.mark.usefixtures("untouched")
async def test_what_is_not_json_is_400(target: Target) -> None:
    for why, content in NOT_JSON.items():
        assert (why, *target.refusal(await send(target, content))) == (why, 400, "malformed_json")


@with_body
@pytest.mark.usefixtures("untouched")
async def test_json_of_another_shape_is_422(target: Target) -> None:
    for why, content in OTHER_SHAPES.items():
        assert (why, *target.refusal(await send(target, content))) == (why, 422, "validation_failed")


@with_body
@pytest.mark.usefixtures("untouched")
async def test_an_empty_body_is_refused_unless_there_is_nothing_to_say(target: Target) -> None:
    if target.endpoint.body_optional:
        return
    assert target.refusal(await send(target, b"")) == (400, "malformed_json")
    assert target.refusal(await send(target, b"", {})) == (415, "not_json")


@with_body
@pytest.mark.usefixtures("untouched")
async def test_unknown_fields_are_named(target: Target) -> None:
    """Nobody sets who marked, or a role, or an id, by sending more than was asked for."""
    more = {"markedBy": "x", "source": "manual", "role": "ADMIN", "id": "1", "status": "x", "timestamp": "y"}
    answer = await send(target, json.dumps({**target.body, **more}).encode())
    assert more.keys() <= target.wrong_fields(answer)


@with_body
@pytest.mark.usefixtures("untouched")
async def test_no_value_in_any_field_is_a_fault(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is refused for its form or for what it means. The group has a session, so none can be opened."""
    assert target.endpoint.body is not None
    names = [field.alias or name for name, field in target.endpoint.body.model_fields.items()]
    may_be_right = (
        "put_code",
        "end_session",
        "create_live_session",
        "put_attendance",
        "put_policy",
        "put_check_in_rules",
        "create_call",
        "bulk_mark_attendance",
        "update_attendance",
    )
    monkeypatch.setattr(accounts, "password_matches", lambda *_: False)  # for a minute's worth of hashing
    for name in names:
        for value in ODD_VALUES:
            content = json.dumps({**target.body, name: value}).encode()
            if target.endpoint.name in may_be_right and _is_right(target, content):
                continue
            answer = await send(target, content)
            assert 400 <= answer.status_code < 500, (name, value, answer.text)
            target.refusal(answer)


def _is_right(target: Target, content: bytes) -> bool:
    assert target.endpoint.body is not None
    try:
        target.endpoint.body.model_validate_json(content, strict=True)
    except ValidationError:
        return False
    return True


@with_body
@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "json"]
)
@pytest.mark.usefixtures("untouched")
async def test_another_content_type_is_415(target: Target, kind: str) -> None:
    content = json.dumps(target.body).encode()
    assert target.refusal(await send(target, content, {"content-type": kind})) == (415, "not_json")


@with_body
async def test_a_content_type_may_have_parameters_and_any_case(target: Target) -> None:
    answer = await send(target, b'{"x": 1}', {"content-type": "Application/JSON; charset=utf-8"})
    assert target.refusal(answer) == (422, "validation_failed")


# --- size -------------------------------------------------------------------------------------------------


async def chunks(size: int, seen: list[int]) -> AsyncIterator[bytes]:
    """A body without a length, a kilobyte at a time."""
    while size > 0:
        part = b" " * min(size, 1024)
        size -= len(part)
        seen.append(len(part))
        yield part


@unsafe
@pytest.mark.usefixtures("untouched")
async def test_a_byte_over_64_kib_is_413(target: Target) -> None:
    most = target.endpoint.max_body
    assert target.refusal(await send(target, b" " * (most + 1))) == (413, "body_too_large")


@unsafe
@pytest.mark.usefixtures("untouched")
async def test_a_chunked_body_is_counted_while_it_streams_in(target: Target) -> None:
    """It is refused at the first byte too many, not after ten megabytes were kept."""
    seen: list[int] = []
    answer = await send(target, chunks(10 * 1024 * 1024, seen))
    assert target.refusal(answer) == (413, "body_too_large")
    assert sum(seen) <= target.endpoint.max_body + 2048


@unsafe
async def test_a_length_that_lies_does_not_help(target: Target) -> None:
    for length in ("1", "-1", "x", "9" * 30, ""):
        answer = await send(target, b" " * (target.endpoint.max_body + 1), {**JSON, "content-length": length})
        assert target.refusal(answer) == (413, "body_too_large")


@with_body
@pytest.mark.usefixtures("untouched")
async def test_exactly_64_kib_is_read(target: Target) -> None:
    """And refused for what it says."""
    content = b'{"x": 1}'.ljust(target.endpoint.max_body)
    assert target.refusal(await send(target, content)) == (422, "validation_failed")


def test_the_limit_is_64_kib() -> None:
    assert MAX_BODY == 64 * 1024


async def test_a_body_that_ends_early_is_400() -> None:
    """Nobody is left to hear it, but what has come of it is not taken for all."""
    told: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"half", "more_body": True}]

    async def receive() -> Message:
        return told.pop()

    with pytest.raises(Problem) as refused:
        await read_body(Request({"type": "http", "headers": []}, receive))
    assert (refused.value.status, refused.value.code) == (400, "incomplete_body")


# --- methods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", UNSAFE_ONES, ids=name_of, indirect=True)
async def test_another_method_is_405_and_says_which_are_allowed(target: Target) -> None:
    url = target.url()
    answer = await target.lecture.teacher.request("PATCH", url)
    assert target.refusal(answer) == (405, "method_not_allowed")
    allowed = set(answer.headers["allow"].split(", "))
    same_path = {endpoint.method for endpoint in ENDPOINTS if endpoint.path == target.endpoint.path}
    assert same_path <= allowed
    assert "PATCH" not in allowed


async def test_a_path_that_does_not_exist_is_a_404_problem(lecture: Lecture) -> None:
    for path in ("/api/v1/nothing", "/api/v1/sessions/live/x", "/static/none.js", "/api/v2/me"):
        assert refusal(await lecture.teacher.get(path)) == (404, "not_found")
