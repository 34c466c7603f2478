"""Presence over HTTP: accepted durably, credited exactly, refused clearly (2-http-api 2.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.campus import Classroom, Visitor, make_admin, make_classroom, start_session
from workers.drain import drain
from workers.ports import Ports

BASE = "/api/whiteboard/sessions"


async def tell(client: httpx.AsyncClient, session: dict[str, Any], event: str, **body: Any) -> httpx.Response:
    """One event as a client reports it."""
    return await client.post(f"{BASE}/{session['id']}/{event}", json=body)


async def test_what_students_report_is_seen_by_the_tutor(visitor: Visitor, classroom: Classroom, ports: Ports) -> None:
    tutor, student = visitor.speaking_as(classroom.teacher), visitor.speaking_as(classroom.students[0])
    session = await start_session(tutor, classroom, mode="online")
    for event in ("connect", "heartbeat"):
        answer = await tell(student, session, event, session_id=session["id"], user_type="student")
        assert answer.status_code == 202
    assert {key: answer.json()[key] for key in ("accepted", "user_type", "event")} == {
        "accepted": True,
        "user_type": "student",
        "event": "heartbeat",
    }
    await tell(tutor, session, "heartbeat", user_type="tutor", activity_type="draw")
    drain(ports)
    status = (await tutor.get(f"{BASE}/{session['id']}/connection-status")).json()
    assert status["tutor_connected"] is True
    assert status["student_connected"] is None  # three students are enrolled
    people = {person["user_type"]: person for person in status["participants"]}
    assert people["student"]["connected"]
    assert people["student"]["connects"] == 1
    assert people["tutor"]["activity_counts"] == {"draw": 1}
    assert [log["event"] for log in status["connection_logs"]] == ["connect"]
    stats = (await tutor.get(f"/api/v1/sessions/{session['id']}/stats")).json()
    assert stats["connectedCount"] == 1


async def test_a_disconnect_ends_it_at_once(visitor: Visitor, owner: Engine, ports: Ports) -> None:
    alone = make_classroom(owner, 1)
    tutor, student = visitor.speaking_as(alone.teacher), visitor.speaking_as(alone.students[0])
    session = await start_session(tutor, alone, mode="online")
    await tell(student, session, "connect", user_type="student")
    await tell(student, session, "disconnect", user_type="student")
    drain(ports)
    status = (await student.get(f"{BASE}/{session['id']}/connection-status")).json()
    assert status["student_connected"] is False
    assert status["student_disconnected_at"] is not None
    assert status["student_total_active_seconds"] >= 0


async def test_a_closing_page_says_goodbye_with_a_ticket_and_no_body(
    visitor: Visitor, classroom: Classroom, ports: Ports
) -> None:
    tutor, student = visitor.speaking_as(classroom.teacher), visitor.speaking_as(classroom.students[0])
    session = await start_session(tutor, classroom, mode="online")
    ticket = (await student.post("/api/v1/realtime/ticket")).json()["ticket"]
    beacon = visitor.anonymous()
    goodbye = f"{BASE}/{session['id']}/disconnect?ticket={ticket}"
    answer = await beacon.post(goodbye, content=b"", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["user_id"]) == (202, str(classroom.students[0].id))
    assert (await beacon.post(goodbye)).status_code == 401  # once


async def test_everybody_sees_their_own_part(
    visitor: Visitor, classroom: Classroom, owner: Engine, ports: Ports
) -> None:
    tutor = visitor.speaking_as(classroom.teacher)
    one, two = (visitor.speaking_as(student) for student in classroom.students[:2])
    session = await start_session(tutor, classroom, mode="online")
    await tell(tutor, session, "connect", user_type="tutor")
    for student in (one, two):
        await tell(student, session, "connect", user_type="student")
    drain(ports)
    path = f"{BASE}/{session['id']}/connection-status"
    seen = {person["user_id"] for person in (await one.get(path)).json()["participants"]}
    assert seen == {str(classroom.teacher.id), str(classroom.students[0].id)}
    admin = visitor.speaking_as(make_admin(owner))
    assert len((await admin.get(path)).json()["participants"]) == 3
    stranger = visitor.speaking_as(make_classroom(owner).students[0])
    assert (await stranger.get(path)).status_code == 403


@pytest.mark.parametrize(
    ("event", "body", "status", "field"),
    [
        ("connect", {"user_type": "student", "session_id": str(uuid4())}, 422, "session_id"),
        ("connect", {"user_type": "admin"}, 422, "user_type"),
        ("connect", {}, 422, "user_type"),
        ("heartbeat", {"user_type": "student", "activity_type": "Draw!"}, 422, "activity_type"),
        ("heartbeat", {"user_type": "student", "activity_type": "x" * 33}, 422, "activity_type"),
        ("heartbeat", {"user_type": "student", "timestamp": "2020-01-01T00:00:00Z"}, 422, "timestamp"),
        ("connect", {"user_type": "tutor"}, 403, None),
    ],
)
async def test_a_wrong_report_is_refused_and_credits_nothing(
    visitor: Visitor,
    classroom: Classroom,
    ports: Ports,
    owner: Engine,
    event: str,
    body: dict[str, Any],
    status: int,
    field: str | None,
) -> None:
    student = visitor.speaking_as(classroom.students[0])
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom, mode="online")
    answer = await tell(student, session, event, **body)
    assert answer.status_code == status
    assert field is None or field in [error["field"] for error in answer.json()["errors"]]
    drain(ports)
    with owner.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM presence WHERE session_id = :id"), {"id": session["id"]})
        assert kept.scalar_one() == 0


async def test_a_session_that_is_over_takes_no_events(visitor: Visitor, classroom: Classroom) -> None:
    tutor, student = visitor.speaking_as(classroom.teacher), visitor.speaking_as(classroom.students[0])
    session = await start_session(tutor, classroom, mode="online")
    await tutor.post(f"/api/v1/sessions/{session['id']}/end")
    answer = await tell(student, session, "heartbeat", user_type="student")
    assert (answer.status_code, answer.json()["code"]) == (409, "session_not_active")


@pytest.mark.parametrize(
    ("minutes", "mode", "status"), [(10, "online", 202), (20, "online", 409), (10, "in_person", 409)]
)
async def test_an_online_session_opens_a_quarter_of_an_hour_early(
    visitor: Visitor, classroom: Classroom, minutes: int, mode: str, status: int
) -> None:
    student = visitor.speaking_as(classroom.students[0])
    begins = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    planned = {"mode": mode, "startNow": False, "scheduledStart": begins}
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom, **planned)
    assert (await tell(student, session, "connect", user_type="student")).status_code == status


async def test_somebody_elses_session_is_forbidden_and_an_unknown_one_not_found(
    visitor: Visitor, classroom: Classroom, owner: Engine
) -> None:
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom, mode="online")
    stranger = visitor.speaking_as(make_classroom(owner).students[0])
    assert (await tell(stranger, session, "connect", user_type="student")).status_code == 403
    assert (await tell(stranger, {"id": uuid4()}, "connect", user_type="student")).status_code == 404


async def test_a_flood_is_refused_with_the_time_to_wait(visitor: Visitor, classroom: Classroom) -> None:
    student = visitor.speaking_as(classroom.students[0])
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom, mode="online")
    answers = [await tell(student, session, "heartbeat", user_type="student") for _ in range(62)]
    assert [answer.status_code for answer in answers] == [202] * 60 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
