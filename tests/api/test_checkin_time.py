"""Check-in and time: steps, hiding, rhythm, and who is late. The clock is ours."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from shared.domain.codes import MARGIN
from tests.api.answers import good, moment, refusal
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Classroom, Visitor

MS = timedelta(milliseconds=1)


async def status_at(lecture: Lecture, clock: Clock) -> str:
    """What the first student is when checking in now."""
    return str(good(await lecture.check_in(lecture.student, token=await lecture.token()), 202)["status"])


# --- late or present --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (timedelta(0), "present"),
        (timedelta(minutes=5) - MS, "present"),
        (timedelta(minutes=5), "present"),
        (timedelta(minutes=5) + MS, "late"),
    ],
)
async def test_five_minutes_after_the_start_is_present_and_a_millisecond_more_is_late(
    timed: Lecture, clock: Clock, after: timedelta, status: str
) -> None:
    clock.now += after
    assert await status_at(timed, clock) == status


@pytest.mark.parametrize(("more", "status"), [(timedelta(0), "present"), (MS, "late")])
async def test_a_plan_later_than_the_actual_start_counts(
    punctual: Visitor, classroom: Classroom, clock: Clock, more: timedelta, status: str
) -> None:
    planned = clock.now + timedelta(minutes=10)
    lecture = await open_lecture(punctual, classroom, scheduledStart=planned.isoformat())
    clock.now = planned + timedelta(minutes=5) + more
    assert await status_at(lecture, clock) == status


async def test_a_plan_earlier_than_the_actual_start_makes_nobody_late(
    punctual: Visitor, classroom: Classroom, clock: Clock
) -> None:
    planned = clock.now - timedelta(minutes=20)
    lecture = await open_lecture(punctual, classroom, scheduledStart=planned.isoformat())
    clock.forward(minutes=5)
    assert await status_at(lecture, clock) == "present"


async def test_a_session_started_later_counts_from_its_start(
    punctual: Visitor, classroom: Classroom, clock: Clock
) -> None:
    lecture = await open_lecture(punctual, classroom, startNow=False)
    clock.forward(minutes=30)
    good(await lecture.teacher.post(f"{lecture.path}/start"))
    clock.forward(minutes=5)
    assert await status_at(lecture, clock) == "present"


async def test_the_courses_policy_decides_who_is_late(
    punctual: Visitor, classroom: Classroom, clock: Clock, owner: Engine
) -> None:
    with owner.begin() as connection:
        connection.execute(
            text("INSERT INTO course_policies (course_id, version, late_after_minutes) VALUES (:id, 1, 2.0)"),
            {"id": classroom.course_id},
        )
    lecture = await open_lecture(punctual, classroom)
    clock.now += timedelta(minutes=2) + MS
    assert await status_at(lecture, clock) == "late"


async def test_the_scan_decides_who_is_late_not_the_redemption(timed: Lecture, clock: Clock) -> None:
    """A slow login: scanned a minute before the threshold, redeemed a minute after."""
    clock.forward(minutes=4)
    ticket = await timed.ticket(timed.student)
    clock.forward(seconds=119)
    answer = good(await timed.check_in(timed.student, ticket=ticket["ticket"]), 202)
    assert (answer["status"], answer["timestamp"]) == ("present", ticket["scannedAt"])


# --- steps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["token", "shortCode"])
async def test_a_code_is_accepted_until_five_seconds_after_its_step(timed: Lecture, clock: Clock, member: str) -> None:
    code = await timed.code()
    clock.now = moment(code["expiresAt"]) + MARGIN
    good(await timed.check_in(timed.student, **{member: code[member]}), 202)


@pytest.mark.parametrize("member", ["token", "shortCode"])
async def test_a_millisecond_more_and_it_has_expired(timed: Lecture, clock: Clock, member: str) -> None:
    code = await timed.code()
    clock.now = moment(code["expiresAt"]) + MARGIN + MS
    shown = {member: code[member]}
    assert refusal(await timed.check_in(timed.student, **shown)) == (410, "code_expired")
    assert refusal(await timed.exchange(timed.student, **shown)) == (410, "code_expired")


BEGIN, END, LAST = timedelta(0), timedelta(seconds=15), timedelta(seconds=15) + MARGIN


@pytest.mark.parametrize(
    ("member", "boundary", "said"),
    [
        ("token", BEGIN, ["code_invalid", None, None]),
        *((member, END, [None, None, None]) for member in ("token", "shortCode")),
        *((member, LAST, [None, None, "code_expired"]) for member in ("token", "shortCode")),
    ],
)
async def test_every_boundary_of_a_step_is_kept_to_the_millisecond(
    timed: Lecture, clock: Clock, member: str, boundary: timedelta, said: list[str | None]
) -> None:
    """A millisecond before, at, and a millisecond after. A short code that no screen has shown yet is no code."""
    clock.forward(seconds=15)
    code = await timed.code()
    begins = moment(code["expiresAt"]) - END
    heard = []
    for late in (-MS, 0 * MS, MS):
        clock.now = begins + boundary + late
        answer = await timed.exchange(timed.student, **{member: code[member]})
        heard.append(None if answer.status_code == 201 else refusal(answer)[1])
    assert heard == said


async def test_a_code_is_accepted_from_the_microsecond_at_which_it_is_shown(
    punctual: Visitor, classroom: Classroom, clock: Clock
) -> None:
    """Steps begin where the session was made, not at a whole millisecond."""
    clock.now += timedelta(microseconds=700)
    lecture = await open_lecture(punctual, classroom)
    clock.now = moment((await lecture.code())["expiresAt"])
    good(await lecture.exchange(lecture.student, token=await lecture.token()), 201)
    good(await lecture.check_in(lecture.student, token=await lecture.token()), 202)


async def test_the_screen_turns_at_the_end_of_the_step(timed: Lecture, clock: Clock) -> None:
    first = await timed.code()
    clock.now = moment(first["expiresAt"]) - MS
    assert (await timed.code()) == first
    clock.now += MS
    second = await timed.code()
    assert (second["step"], second["token"] != first["token"]) == (first["step"] + 1, True)
    assert moment(second["expiresAt"]) - moment(first["expiresAt"]) == timedelta(seconds=15)


async def test_a_code_from_the_future_is_invalid(timed: Lecture, clock: Clock) -> None:
    clock.forward(seconds=15)
    token = await timed.token()
    clock.forward(seconds=-15)
    assert refusal(await timed.check_in(timed.student, token=token)) == (400, "code_invalid")


# --- tickets ----------------------------------------------------------------------------------------------


async def test_a_ticket_outlives_the_rotation(timed: Lecture, clock: Clock) -> None:
    ticket = await timed.ticket(timed.student)
    clock.now = moment(ticket["expiresAt"])
    good(await timed.check_in(timed.student, ticket=ticket["ticket"]), 202)


async def test_a_ticket_ends_after_two_minutes(timed: Lecture, clock: Clock) -> None:
    ticket = await timed.ticket(timed.student)
    clock.now = moment(ticket["expiresAt"]) + MS
    assert refusal(await timed.check_in(timed.student, ticket=ticket["ticket"])) == (410, "code_expired")


async def test_an_expired_code_gives_no_ticket(timed: Lecture, clock: Clock) -> None:
    token = await timed.token()
    clock.forward(minutes=1)
    assert refusal(await timed.exchange(timed.student, token=token)) == (410, "code_expired")


# --- hiding -----------------------------------------------------------------------------------------------


async def test_while_hidden_codes_are_refused_and_tickets_still_count(timed: Lecture) -> None:
    code, ticket = await timed.code(), await timed.ticket(timed.student)
    hidden = await timed.set_code(visible=False)
    assert (hidden["visible"], hidden["token"], hidden["shortCode"], hidden["qrCodeData"]) == (False, None, None, None)
    for shown in ({"token": code["token"]}, {"shortCode": code["shortCode"]}):
        assert refusal(await timed.check_in(timed.students[1], **shown)) == (409, "code_hidden")
        assert refusal(await timed.exchange(timed.students[1], **shown)) == (409, "code_hidden")
    good(await timed.check_in(timed.student, ticket=ticket["ticket"]), 202)


@pytest.mark.parametrize("member", ["token", "shortCode"])
@pytest.mark.parametrize("times", [1, 3])
async def test_codes_from_before_hiding_are_expired_after_showing_again(
    timed: Lecture, member: str, times: int
) -> None:
    shown = {member: (await timed.code())[member]}
    for _ in range(times):
        await timed.set_code(visible=False)
        await timed.set_code(visible=True)
    assert refusal(await timed.check_in(timed.student, **shown)) == (410, "code_expired")
    assert refusal(await timed.exchange(timed.student, **shown)) == (410, "code_expired")
    good(await timed.check_in(timed.student, token=await timed.token()), 202)


@pytest.mark.parametrize("member", ["token", "shortCode"])
async def test_a_new_rhythm_starts_new_codes_and_the_old_ones_are_expired(
    timed: Lecture, clock: Clock, member: str
) -> None:
    clock.forward(minutes=3)
    shown = {member: (await timed.code())[member]}
    anew = await timed.set_code(rotateSeconds=60)
    assert anew["rotateSeconds"] == 60
    assert refusal(await timed.check_in(timed.student, **shown)) == (410, "code_expired")
    good(await timed.check_in(timed.student, **{member: anew[member]}), 202)


async def test_an_old_short_code_is_no_wrong_guess(timed: Lecture, clock: Clock) -> None:
    """A screen that was photographed before the rhythm changed locks nobody out."""
    clock.forward(minutes=3)
    old = (await timed.code())["shortCode"]
    await timed.set_code(rotateSeconds=60)
    for _ in range(6):
        assert refusal(await timed.check_in(timed.student, shortCode=old)) == (410, "code_expired")
