"""A class checks in while processes with the old and the new campus secret run side by side."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from api.auth import DEVICE_COOKIE
from api.services import Services
from shared.domain.codes import CodeFace, make_short_code, make_token
from tests.campus import Classroom, Visitor, show_code, start_session

NEW = "the new secret of this campus, long enough"


@contextmanager
def changed(app: Starlette) -> Iterator[None]:
    """The same process after the change: signs with the new key, still accepts the old one."""
    before: Services = app.state.services
    keys = {"secret_key": SecretStr(NEW), "other_secret_key": before.settings.secret_key}
    app.state.services = replace(before, settings=before.settings.model_copy(update=keys))
    yield
    app.state.services = before


@pytest.fixture
async def old_code(visitor: Visitor, classroom: Classroom) -> tuple[dict[str, Any], dict[str, Any]]:
    """A session and the code that a process with the old key shows."""
    teacher = visitor.speaking_as(classroom.teacher)
    session = await start_session(teacher, classroom)
    return session, await show_code(teacher, session)


@pytest.mark.parametrize("kind", ["token", "shortCode"])
async def test_codes_and_tickets_of_the_old_key_are_accepted(
    visitor: Visitor,
    classroom: Classroom,
    app: Starlette,
    old_code: tuple[dict[str, Any], dict[str, Any]],
    kind: str,
) -> None:
    session, code = old_code
    phone, late = visitor.speaking_as(classroom.students[0]), visitor.speaking_as(classroom.students[1])
    ticket = (await late.post("/api/v1/checkin/tickets", json={kind: code[kind]})).json()["ticket"]
    device = late.cookies[DEVICE_COOKIE]
    path = f"/api/v1/sessions/{session['id']}/attendance"
    # These two were logged in before the change, and bring what the old key made.
    with changed(app):
        assert (await phone.post(path, json={kind: code[kind]})).status_code == 202
        assert (await late.post(path, json={"ticket": ticket})).status_code == 202
    assert late.cookies[DEVICE_COOKIE] == device


async def test_a_code_of_neither_key_is_refused(
    visitor: Visitor,
    classroom: Classroom,
    app: Starlette,
    old_code: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    face = CodeFace(1, 0, datetime.now(UTC), 15, visible=True)
    forged = {"token": make_token(b"neither", face, 0), "shortCode": make_short_code(b"neither", face, 0)}
    phone = visitor.speaking_as(classroom.students[0])
    for kind, code in forged.items():
        with changed(app):
            answer = await phone.post(f"/api/v1/sessions/{old_code[0]['id']}/attendance", json={kind: code})
        assert (answer.status_code, answer.json()["code"]) == (400, "code_invalid"), kind
