"""Calls that a session makes by itself, as its teacher sets them and its students meet them (docs/calls.md)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.api.answers import good, moment, refusal, wrong_fields
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Classroom, Visitor
from workers.call_rules import ask_by_rule
from workers.drain import drain
from workers.ports import Ports

EXIT = {"minutesBefore": 5, "share": 1.0, "seconds": 120}


@pytest.fixture
async def planned(punctual: Visitor, classroom: Classroom, clock: Clock, ports: Ports) -> Lecture:
    """A session of half an hour with an exit check, two of three students in the room."""
    schedule = {
        "scheduledStart": clock.now.isoformat(),
        "scheduledEnd": (clock.now + timedelta(minutes=30)).isoformat(),
    }
    lecture = await open_lecture(punctual, classroom, **schedule, checkInRules={"exitCheck": EXIT})
    for student in lecture.students[:2]:
        await lecture.scan(student)
    drain(ports)
    return lecture


def tick(ports: Ports, clock: Clock) -> None:
    """What the schedule does: ask, then drain."""
    ask_by_rule(replace(ports, now=clock))
    drain(ports)


async def calls(lecture: Lecture) -> list[dict[str, Any]]:
    """The calls as staff see them."""
    found: list[dict[str, Any]] = good(await lecture.teacher.get(f"{lecture.path}/calls"))["items"]
    return found


async def until(lecture: Lecture, dead: str) -> None:
    """The API has heard that the codes have started anew; it listens on a connection of its own."""
    for _ in range(200):
        if await lecture.token() != dead:
            return
    raise AssertionError("the API still shows the code from before the call")


async def test_the_session_asks_by_itself_and_a_student_answers(planned: Lecture, clock: Clock, ports: Ports) -> None:
    tick(ports, clock)
    assert await calls(planned) == []
    clock.forward(minutes=25)
    before = await planned.token()
    tick(ports, clock)
    [made] = await calls(planned)
    assert (made["kind"], made["byRule"], made["asked"]) == ("exit", True, 2)
    assert moment(made["closesAt"]) - moment(made["calledAt"]) == timedelta(seconds=120)
    await until(planned, before)
    answer = await planned.student.post(f"{planned.path}/confirmations", json={"token": before})
    assert refusal(answer) == (410, "code_expired")
    shown = {"token": await planned.token()}
    assert good(await planned.student.post(f"{planned.path}/confirmations", json=shown), 202)["callId"] == made["id"]
    drain(ports)
    [made] = await calls(planned)
    assert (made["confirmed"], made["missing"]) == (1, [str(planned.classroom.students[1].id)])


async def test_a_call_by_hand_and_one_by_rule_do_not_meet(planned: Lecture, clock: Clock, ports: Ports) -> None:
    clock.forward(minutes=24)
    good(await planned.teacher.post(f"{planned.path}/calls", json={}), 201)
    clock.forward(minutes=1)
    tick(ports, clock)
    assert [each["byRule"] for each in await calls(planned)] == [False]
    clock.forward(minutes=2)
    tick(ports, clock)
    assert [each["byRule"] for each in await calls(planned)] == [True, False]
    assert refusal(await planned.teacher.post(f"{planned.path}/calls", json={})) == (409, "call_open")


async def test_a_rule_that_is_taken_back_asks_nobody(planned: Lecture, clock: Clock, ports: Ports) -> None:
    good(await planned.teacher.put(f"{planned.path}/check-in-rules", json={}))
    clock.forward(minutes=26)
    tick(ports, clock)
    assert await calls(planned) == []


async def test_a_rule_that_is_set_while_it_runs_counts(lecture: Lecture, ports: Ports) -> None:
    await lecture.scan(lecture.student)
    drain(ports)
    rules: dict[str, Any] = {"checkInRules": {"recheck": {"share": 0.2}}}
    shown = good(await lecture.teacher.put(f"{lecture.path}/check-in-rules", json=rules))["checkInRules"]
    assert shown == {
        "geofence": "refuse",
        "device": "flag",
        "recheck": {"share": 0.2, "seconds": 120},
        "exitCheck": None,
    }
    ask_by_rule(ports)
    ask_by_rule(replace(ports, now=lambda: ports.now() + timedelta(minutes=59)))
    drain(ports)
    assert [(each["kind"], each["byRule"]) for each in await calls(lecture)] == [("recheck", True)]


async def test_changing_another_rule_does_not_draw_the_moment_anew(
    lecture: Lecture, ports: Ports, owner: Engine
) -> None:
    drawn = []
    for device in ("flag", "refuse"):
        rules: dict[str, Any] = {"checkInRules": {"device": device, "recheck": {}}}
        good(await lecture.teacher.put(f"{lecture.path}/check-in-rules", json=rules))
        ask_by_rule(ports)
        with owner.connect() as connection:
            statement = text("SELECT due_at FROM call_rules WHERE session_id = :id")
            drawn.append(connection.execute(statement, {"id": lecture.id}).scalar_one())
    assert drawn[0] == drawn[1] is not None


async def test_an_exit_check_needs_a_planned_end(lecture: Lecture) -> None:
    answer = await lecture.teacher.put(f"{lecture.path}/check-in-rules", json={"checkInRules": {"exitCheck": {}}})
    assert wrong_fields(answer) == {"checkInRules.exitCheck"}
    assert good(await lecture.teacher.get(f"{lecture.path}/check-in-rules"))["checkInRules"]["exitCheck"] is None
