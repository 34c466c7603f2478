"""Several reasons to refuse: 401, 413/415, 422, 404, 403, state; in this order (2-http-api, head)."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api.endpoint import UNSAFE, Endpoint
from tests.api.answers import refusal
from tests.api.every import GUARDED, UNSAFE_ONES, WITH_BODY, Target, name_of
from tests.api.lecture import Lecture
from tests.campus import Visitor

GUARDED_UNSAFE = [endpoint for endpoint in GUARDED if endpoint.method in UNSAFE]
GUARDED_WITH_BODY = [endpoint for endpoint in GUARDED if endpoint.body is not None]
OF_SOMETHING = [endpoint for endpoint in GUARDED if "{" in endpoint.path]
FOR_STUDENTS_TOO = {
    "create_check_in",
    "connect",
    "heartbeat",
    "disconnect",
    "get_connection_status",
    "get_student_attendance",
    "get_own_calls",
    "create_confirmation",
}
STAFF_ONLY = [
    each
    for each in OF_SOMETHING
    if 403 in each.refuses and each.name not in FOR_STUDENTS_TOO and "{record_id" not in each.path
]
TOO_LONG = b"x" * (1024 * 1024 + 1)


def each(endpoints: list[Endpoint]) -> pytest.MarkDecorator:
    """One test per endpoint."""
    return pytest.mark.parametrize("endpoint", endpoints, ids=name_of)


async def call(
    client: httpx.AsyncClient, target: Target, content: bytes | None = None, kind: str = "application/json", **ids: Any
) -> tuple[int, str]:
    """Ask, and be refused."""
    content = json.dumps(target.body).encode() if content is None and target.endpoint.body else content
    headers = {"content-type": kind}
    answer = await client.request(target.endpoint.method, target.url(**ids), content=content, headers=headers)
    return target.refusal(answer)


def strange(target: Target) -> dict[str, Any]:
    """Ids that nobody has, for every id in the path."""
    return {name: str(uuid4()) for name in ("session_id", "course_id", "group_id", "student_id")}


@each(GUARDED)
async def test_without_a_token_everything_is_401(endpoint: Endpoint, lecture: Lecture, visitor: Visitor) -> None:
    target = Target(endpoint, lecture)
    nobody = visitor.anonymous()
    for ids in ({}, strange(target)):
        for content in (None, TOO_LONG, b"{"):
            assert await call(nobody, target, content, "text/plain", **ids) == (401, "unauthenticated")


@each(GUARDED)
async def test_a_401_says_how_to_log_in(endpoint: Endpoint, lecture: Lecture, visitor: Visitor) -> None:
    answer = await visitor.anonymous().request(endpoint.method, Target(endpoint, lecture).url())
    assert answer.headers["www-authenticate"] == "Bearer"


@each(UNSAFE_ONES)
async def test_too_long_comes_before_unknown(endpoint: Endpoint, lecture: Lecture) -> None:
    target = Target(endpoint, lecture)
    assert await call(lecture.student, target, TOO_LONG, "text/plain", **strange(target)) == (413, "body_too_large")


@each(WITH_BODY)
async def test_not_json_comes_before_malformed_and_unknown(endpoint: Endpoint, lecture: Lecture) -> None:
    target = Target(endpoint, lecture)
    assert await call(lecture.student, target, b"{", "text/plain", **strange(target)) == (415, "not_json")


@each(WITH_BODY)
async def test_malformed_comes_before_unknown_and_forbidden(endpoint: Endpoint, lecture: Lecture) -> None:
    target = Target(endpoint, lecture)
    for ids in ({}, strange(target)):
        assert await call(lecture.student, target, b'{"x": 1}', **ids) == (422, "validation_failed")


@each(OF_SOMETHING)
async def test_unknown_comes_before_forbidden(endpoint: Endpoint, lecture: Lecture) -> None:
    """Also for those whose role may not: they do not learn what exists."""
    target = Target(endpoint, lecture)
    for client in (lecture.student, lecture.teacher):
        assert await call(client, target, None, **strange(target)) == (404, "not_found")


@each(STAFF_ONLY)
async def test_forbidden_comes_before_the_sessions_state(endpoint: Endpoint, lecture: Lecture) -> None:
    await lecture.end()
    assert await call(lecture.student, Target(endpoint, lecture)) == (403, "forbidden")


async def test_not_enrolled_comes_before_the_sessions_state(lecture: Lecture, stranger: httpx.AsyncClient) -> None:
    token = await lecture.token()
    await lecture.end()
    assert refusal(await lecture.check_in(stranger, token=token)) == (403, "not_enrolled")


async def test_the_sessions_state_comes_before_the_code(lecture: Lecture) -> None:
    await lecture.end()
    assert refusal(await lecture.check_in(lecture.student, token="0" * 32)) == (409, "session_not_active")
