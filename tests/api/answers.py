"""Reading answers: a problem is only ever what RFC 9457 and the contract say it is."""

from datetime import datetime
from typing import Any

import httpx


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem; fails on anything that is not a whole one."""
    assert answer.headers["content-type"] == "application/problem+json", (answer.status_code, answer.text[:500])
    body = answer.json()
    assert body["status"] == answer.status_code
    assert all(isinstance(body[name], str) and body[name] for name in ("type", "title", "code", "detail"))
    return answer.status_code, body["code"]


def plain_refusal(answer: httpx.Response) -> tuple[int, str]:
    """What a plain error of the marking family would be as a problem; fails on anything that is neither.

    Plain are wrong fields (400 or 409) and why not (403, 404); the transport's errors are problems there too.
    """
    if answer.headers["content-type"] == "application/problem+json":
        assert answer.status_code not in (403, 404) or refusal(answer)[1] in ("cross_site", "not_found")
        return refusal(answer)
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    if answer.status_code in (403, 404):
        assert body.keys() == {"detail"}
        assert body["detail"]
        return answer.status_code, {403: "forbidden", 404: "not_found"}[answer.status_code]
    assert answer.status_code in (400, 409), answer.text
    assert body
    assert all(messages and all(isinstance(each, str) for each in messages) for messages in body.values())
    return 422, "validation_failed"


def wrong_fields(answer: httpx.Response) -> set[str]:
    """The fields a 422 names."""
    assert refusal(answer) == (422, "validation_failed")
    return {error["field"] for error in answer.json()["errors"]}


def good(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of a good answer."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    body: dict[str, Any] = answer.json()
    return body


def moment(text: str) -> datetime:
    """A time as the contract writes it: RFC 3339, UTC, ``Z``."""
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)
