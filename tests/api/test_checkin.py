"""The check-in: from the code on the screen to a mark in the database."""

import asyncio
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from redis import Redis
from sqlalchemy import Engine, text

from tests.api.answers import good, moment, refusal
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Classroom, Visitor, make_classroom
from workers.drain import drain
from workers.ports import Ports


def marks(owner: Engine, session_id: str) -> list[tuple[str, str]]:
    """Status and source of every mark of a session."""
    with owner.connect() as connection:
        statement = text("SELECT status, source FROM attendance_records WHERE session_id = :id ORDER BY student_id")
        return [(row.status, row.source) for row in connection.execute(statement, {"id": session_id})]


async def test_a_scanned_code_becomes_a_mark(lecture: Lecture, ports: Ports, owner: Engine) -> None:
    """Code → ticket → check-in → drain → one record with source qr_checkin."""
    ticket = await lecture.ticket(lecture.student)

    answer = await lecture.check_in(lecture.student, ticket=ticket["ticket"])

    assert answer.status_code == 202
    assert answer.json()["status"] == "present"
    assert answer.json()["timestamp"] == ticket["scannedAt"]
    drain(ports)
    assert marks(owner, lecture.id) == [("PRESENT", "qr_checkin")]
    stats = good(await lecture.teacher.get(f"{lecture.path}/stats"))
    assert (stats["presentStudents"], stats["notMarked"], stats["attendanceRate"]) == (1, 2, 33.3)


async def test_the_answer_has_the_contracts_members(lecture: Lecture) -> None:
    body = await lecture.scan(lecture.student)
    assert body.keys() == {"checkInId", "sessionId", "studentId", "timestamp", "status", "duplicate"}
    assert (UUID(body["checkInId"]).version, body["sessionId"], body["duplicate"]) == (7, lecture.id, False)
    assert body["studentId"] == str(lecture.classroom.students[0].id)


async def test_a_ticket_has_the_contracts_members_and_two_minutes(lecture: Lecture) -> None:
    body = await lecture.ticket(lecture.student)
    assert body.keys() == {"ticket", "sessionId", "className", "scannedAt", "expiresAt"}
    assert (body["sessionId"], body["className"]) == (lecture.id, f"{lecture.classroom.code} Section A")
    assert (moment(body["expiresAt"]) - moment(body["scannedAt"])).total_seconds() == 120


@pytest.mark.parametrize("member", ["token", "shortCode"])
async def test_a_code_alone_checks_in_without_a_ticket(
    lecture: Lecture, ports: Ports, owner: Engine, member: str
) -> None:
    code = await lecture.code()
    good(await lecture.check_in(lecture.student, **{member: code[member]}), 202)
    drain(ports)
    assert marks(owner, lecture.id) == [("PRESENT", "qr_checkin")]


async def test_the_phones_clock_is_evidence_and_decides_nothing(lecture: Lecture, ports: Ports, owner: Engine) -> None:
    token = await lecture.token()
    shown = {"token": token, "scannedAt": "2031-01-01T10:00:00+02:00", "clientNonce": "n"}
    answer = good(await lecture.check_in(lecture.student, **shown), 202)
    assert answer["status"] == "present"
    drain(ports)
    with owner.connect() as connection:
        kept = connection.execute(
            text("SELECT to_char(client_scanned_at, 'YYYY-MM-DD HH24:MI') FROM check_ins WHERE session_id = :id"),
            {"id": lecture.id},
        ).scalar_one()
    assert kept == "2031-01-01 08:00"


async def test_everybody_at_once_is_accepted_once(visitor: Visitor, owner: Engine, ports: Ports) -> None:
    """A room of 60 scans within a moment, and half of them press twice."""
    lecture = await open_lecture(visitor, make_classroom(owner, 60))
    token = await lecture.token()
    presses = [*lecture.students, *lecture.students[:30]]
    answers = await asyncio.gather(*(lecture.check_in(student, token=token) for student in presses))
    assert sorted(answer.status_code for answer in answers) == [200] * 30 + [202] * 60
    drain(ports)
    assert marks(owner, lecture.id) == [("PRESENT", "qr_checkin")] * 60


# --- repeats ---------------------------------------------------------------------------------------------


async def test_a_repeat_is_200_with_the_first_time(lecture: Lecture) -> None:
    """With the same ticket, with a new one, with a token, with a short code."""
    ticket = await lecture.ticket(lecture.student)
    first = good(await lecture.check_in(lecture.student, ticket=ticket["ticket"]), 202)
    code, again = await lecture.code(), await lecture.ticket(lecture.student)
    for shown in (
        {"ticket": ticket["ticket"]},
        {"ticket": again["ticket"]},
        {"token": code["token"]},
        {"shortCode": code["shortCode"]},
    ):
        assert good(await lecture.check_in(lecture.student, **shown)) == {**first, "duplicate": True}


async def test_a_repeat_makes_no_second_record(lecture: Lecture, ports: Ports, owner: Engine) -> None:
    ticket = await lecture.ticket(lecture.student)
    for _ in range(3):
        await lecture.check_in(lecture.student, ticket=ticket["ticket"])
    drain(ports)
    with owner.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM check_ins WHERE session_id = :id"), {"id": lecture.id})
        assert kept.scalar_one() == 1


async def test_a_late_repeat_with_an_expired_token_is_still_200(timed: Lecture, clock: Clock) -> None:
    token = await timed.token()
    first = good(await timed.check_in(timed.student, token=token), 202)
    clock.forward(minutes=10)
    assert good(await timed.check_in(timed.student, token=token)) == {**first, "duplicate": True}


async def test_a_repeat_while_hidden_is_still_200(lecture: Lecture) -> None:
    token = await lecture.token()
    good(await lecture.check_in(lecture.student, token=token), 202)
    await lecture.set_code(visible=False)
    assert good(await lecture.check_in(lecture.student, token=token))["duplicate"] is True


async def test_a_forged_token_is_refused_even_to_somebody_who_has_checked_in(lecture: Lecture) -> None:
    await lecture.scan(lecture.student)
    assert refusal(await lecture.check_in(lecture.student, token="0" * 32)) == (400, "code_invalid")


# --- refusals --------------------------------------------------------------------------------------------


async def test_an_unknown_session_is_404(lecture: Lecture) -> None:
    token = await lecture.token()
    answer = await lecture.student.post(f"/api/v1/sessions/{uuid4()}/attendance", json={"token": token})
    assert refusal(answer) == (404, "not_found")


async def test_a_student_of_another_class_is_not_enrolled(lecture: Lecture, visitor: Visitor, owner: Engine) -> None:
    stranger = visitor.speaking_as(make_classroom(owner).students[0])
    ticket = await lecture.ticket(stranger)
    for shown in ({"token": await lecture.token()}, {"ticket": ticket["ticket"]}):
        assert refusal(await lecture.check_in(stranger, **shown)) == (403, "not_enrolled")


async def test_a_teacher_may_not_check_in(lecture: Lecture, admin: AsyncClient) -> None:
    token = await lecture.token()
    for somebody in (lecture.teacher, admin):
        assert refusal(await lecture.check_in(somebody, token=token)) == (403, "forbidden")


@pytest.mark.parametrize("way", ["end", "cancel"])
async def test_a_session_that_is_over_takes_no_check_in(lecture: Lecture, way: str) -> None:
    code, ticket = await lecture.code(), await lecture.ticket(lecture.student)
    good(await lecture.teacher.post(f"{lecture.path}/{way}"))
    for shown in (
        {"token": code["token"]},
        {"shortCode": code["shortCode"]},
        {"ticket": ticket["ticket"]},
    ):
        assert refusal(await lecture.check_in(lecture.student, **shown)) == (409, "session_not_active")
    assert refusal(await lecture.exchange(lecture.student, token=code["token"])) == (409, "session_not_active")


async def test_a_session_that_has_not_started_takes_no_check_in(visitor: Visitor, classroom: Classroom) -> None:
    lecture = await open_lecture(visitor, classroom, startNow=False)
    token = (await lecture.set_code(visible=True))["token"]
    assert refusal(await lecture.check_in(lecture.student, token=token)) == (409, "session_not_active")


async def test_a_code_of_another_session_is_invalid(lecture: Lecture, visitor: Visitor, owner: Engine) -> None:
    other = await open_lecture(visitor, make_classroom(owner))
    code = await other.code()
    ticket = good(await other.exchange(lecture.student, token=code["token"]), 201)
    for shown in (
        {"token": code["token"]},
        {"shortCode": code["shortCode"]},
        {"ticket": ticket["ticket"]},
    ):
        assert refusal(await lecture.check_in(lecture.student, **shown)) == (400, "code_invalid")


@pytest.mark.parametrize("shown", [{}, {"token": "A", "shortCode": "B"}, {"token": "A", "ticket": "B"}])
async def test_exactly_one_thing_is_shown(lecture: Lecture, shown: dict[str, str]) -> None:
    assert refusal(await lecture.check_in(lecture.student, **shown)) == (422, "validation_failed")


# --- tickets ---------------------------------------------------------------------------------------------


async def test_a_ticket_does_not_work_on_another_device(lecture: Lecture, visitor: Visitor) -> None:
    ticket = await lecture.ticket(lecture.student)
    same_person = visitor.speaking_as(lecture.classroom.students[0])
    assert refusal(await lecture.check_in(same_person, ticket=ticket["ticket"])) == (409, "code_already_used")
    await lecture.ticket(same_person)  # now this device has a cookie, but another one
    assert refusal(await lecture.check_in(same_person, ticket=ticket["ticket"])) == (409, "code_already_used")


async def test_a_ticket_made_for_one_person_does_not_work_for_another(lecture: Lecture, visitor: Visitor) -> None:
    first, second = lecture.students[:2]
    ticket = await lecture.ticket(first)
    second.cookies.update(first.cookies)
    assert refusal(await lecture.check_in(second, ticket=ticket["ticket"])) == (409, "code_already_used")


async def test_a_ticket_from_before_login_is_used_up_by_the_first_person(lecture: Lecture, visitor: Visitor) -> None:
    """One phone, two students: the second finds the ticket used."""
    phone = visitor.anonymous()
    ticket = await lecture.ticket(phone)
    first, second = lecture.students[:2]
    for student in (first, second):
        student.cookies.update(phone.cookies)
    good(await lecture.check_in(first, ticket=ticket["ticket"]), 202)
    assert refusal(await lecture.check_in(second, ticket=ticket["ticket"])) == (409, "code_already_used")


async def test_of_two_students_racing_for_one_ticket_one_wins(lecture: Lecture, visitor: Visitor) -> None:
    phone = visitor.anonymous()
    ticket = await lecture.ticket(phone)
    for student in lecture.students:
        student.cookies.update(phone.cookies)
    racing = (lecture.check_in(student, ticket=ticket["ticket"]) for student in lecture.students)
    answers = await asyncio.gather(*racing)
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409]


async def test_a_ticket_is_worth_nothing_without_a_login(lecture: Lecture, visitor: Visitor) -> None:
    phone = visitor.anonymous()
    ticket = await lecture.ticket(phone)
    assert refusal(await lecture.check_in(phone, ticket=ticket["ticket"])) == (401, "unauthenticated")


async def test_the_device_cookie_is_kept_and_hidden_from_scripts(lecture: Lecture, visitor: Visitor) -> None:
    phone, token = visitor.anonymous(), await lecture.token()
    first = await lecture.exchange(phone, token=token)
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    device = phone.cookies["muster_device"]
    await lecture.exchange(phone, token=token)
    assert phone.cookies["muster_device"] == device


async def test_a_hostile_device_cookie_is_replaced(lecture: Lecture, visitor: Visitor) -> None:
    phone, token = visitor.anonymous(), await lecture.token()
    answer = await phone.post(
        "/api/v1/checkin/tickets", json={"token": token}, headers={"cookie": "muster_device=a; muster_token=%00%ff"}
    )
    assert answer.status_code == 201
    assert len(phone.cookies["muster_device"]) == 34


async def test_a_used_ticket_stays_used_when_its_session_is_forgotten_by_redis(
    lecture: Lecture, visitor: Visitor, redis: Redis
) -> None:
    """The projection is rebuilt from PostgreSQL; the second person is still refused."""
    phone = visitor.anonymous()
    ticket = await lecture.ticket(phone)
    for student in lecture.students:
        student.cookies.update(phone.cookies)
    good(await lecture.check_in(lecture.students[0], ticket=ticket["ticket"]), 202)
    redis.delete(f"muster:session:{lecture.id}")
    answer = await lecture.check_in(lecture.students[1], ticket=ticket["ticket"])
    assert refusal(answer) == (409, "code_already_used")
