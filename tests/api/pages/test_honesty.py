"""The page of rules, calls and flags: plain forms over the same functions as the API."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.lecture import Lecture, open_lecture
from tests.api.pages.conftest import Open
from tests.campus import Classroom, Visitor
from workers.call_rules import ask_by_rule
from workers.drain import drain
from workers.ports import Ports

FENCE = {"fenced": "on", "latitude": "48.137", "longitude": "11,575", "radiusMeters": "80", "geofence": "flag"}


def path_of(lecture: Lecture) -> str:
    """Where the page is."""
    return f"/teach/sessions/{lecture.id}/honesty"


async def test_rules_are_saved_and_shown(lecture: Lecture, classroom: Classroom, open_as: Open) -> None:
    teacher = open_as(classroom.teacher)
    answer = await teacher.post(f"{path_of(lecture)}/rules", data={**FENCE, "device": "refuse"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path_of(lecture)}?saved=1")
    page = (await teacher.get(answer.headers["location"])).text
    assert "Saved." in page
    assert 'name="latitude" inputmode="decimal" value="48.137"' in page
    rules = (await lecture.teacher.get(f"{lecture.path}/check-in-rules")).json()
    assert rules["geofence"] == {"latitude": 48.137, "longitude": 11.575, "radiusMeters": 80.0}
    assert rules["checkInRules"] == {"geofence": "flag", "device": "refuse", "recheck": None, "exitCheck": None}


async def test_calls_that_the_session_makes_by_itself_are_saved_and_shown(
    lecture: Lecture, classroom: Classroom, open_as: Open, ports: Ports
) -> None:
    teacher = open_as(classroom.teacher)
    await lecture.scan(lecture.student)
    drain(ports)
    form = {"recheck": "on", "recheckPercent": "50", "recheckSeconds": "90"}
    await teacher.post(f"{path_of(lecture)}/rules", data=form)
    rules = (await lecture.teacher.get(f"{lecture.path}/check-in-rules")).json()["checkInRules"]
    assert (rules["recheck"], rules["exitCheck"]) == ({"share": 0.5, "seconds": 90}, None)
    assert 'value="50" selected' in (await teacher.get(path_of(lecture))).text
    ask_by_rule(ports)
    ask_by_rule(replace(ports, now=lambda: ports.now() + timedelta(minutes=59)))
    assert "asked by the session’s rule" in (await teacher.get(path_of(lecture))).text


async def test_an_exit_check_is_offered_where_an_end_is_planned(
    visitor: Visitor, lecture: Lecture, elsewhere: Classroom, classroom: Classroom, open_as: Open
) -> None:
    page = (await open_as(classroom.teacher).get(path_of(lecture))).text
    assert ("needs a planned end" in page, "minutesBefore" in page) == (True, False)
    now = datetime.now(UTC)
    schedule = {"scheduledStart": now.isoformat(), "scheduledEnd": (now + timedelta(hours=1)).isoformat()}
    planned, teacher = await open_lecture(visitor, elsewhere, **schedule), open_as(elsewhere.teacher)
    form = {"exitCheck": "on", "minutesBefore": "7", "exitPercent": "33", "exitSeconds": "240"}
    await teacher.post(f"{path_of(planned)}/rules", data=form)
    page = (await teacher.get(path_of(planned))).text
    assert 'name="minutesBefore" inputmode="numeric" value="7"' in page
    assert "33 % of those in the room" in page


async def test_saving_another_rule_keeps_the_calls(visitor: Visitor, elsewhere: Classroom, open_as: Open) -> None:
    """Whatever the API can set is on the page, and comes back with its form."""
    now = datetime.now(UTC)
    schedule = {"scheduledStart": now.isoformat(), "scheduledEnd": (now + timedelta(hours=1)).isoformat()}
    calls = {
        "recheck": {"share": 0.37, "seconds": 600},
        "exitCheck": {"minutesBefore": 1, "share": 0.5, "seconds": 45},
    }
    planned = await open_lecture(visitor, elsewhere, **schedule, checkInRules=calls)
    teacher = open_as(elsewhere.teacher)
    form = _filled_in((await teacher.get(path_of(planned))).text)
    assert (await teacher.post(f"{path_of(planned)}/rules", data={**form, "device": "refuse"})).status_code == 303
    rules = (await planned.teacher.get(f"{planned.path}/check-in-rules")).json()["checkInRules"]
    assert rules == {"geofence": "refuse", "device": "refuse", **calls}


def _filled_in(page: str) -> dict[str, str]:
    """What a browser sends of the form of rules as it stands: ticks, fields and choices."""
    form = page.partition('/rules"')[2].partition("</form>")[0]
    ticked = re.findall(r'<input type="checkbox" name="(\w+)" checked>', form)
    typed = re.findall(r'<input name="(\w+)" [^>]*value="([^"]*)"', form)
    chosen = re.findall(r'<select name="(\w+)">.*?<option value="([^"]*)" selected>', form, re.DOTALL)
    return {**dict.fromkeys(ticked, "on"), **dict(typed), **dict(chosen)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"latitude": "north"},
        {"latitude": "91"},
        {"radiusMeters": ""},
        {"device": "x"},
        {"recheck": "on"},
        {"exitCheck": "on", "minutesBefore": "2.5", "exitPercent": "100", "exitSeconds": "120"},
    ],
)
async def test_wrong_rules_are_named_and_not_saved(
    lecture: Lecture, classroom: Classroom, open_as: Open, wrong: dict[str, str]
) -> None:
    answer = await open_as(classroom.teacher).post(f"{path_of(lecture)}/rules", data={**FENCE, **wrong})
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.text.partition("Nothing was saved. Check: ")[2].partition("</span>")[0]
    assert (await lecture.teacher.get(f"{lecture.path}/check-in-rules")).json()["geofence"] is None


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ({"recheck": "on", "recheckPercent": "100", "recheckSeconds": "29"}, "recheck.seconds"),
        ({"exitCheck": "on", "minutesBefore": "1", "exitPercent": "100", "exitSeconds": "61"}, "exitCheck.seconds"),
    ],
)
async def test_a_time_to_answer_that_does_not_fit_is_named(
    lecture: Lecture, classroom: Classroom, open_as: Open, form: dict[str, str], named: str
) -> None:
    answer = await open_as(classroom.teacher).post(f"{path_of(lecture)}/rules", data=form)
    assert (answer.status_code, f"Check: checkInRules.{named}." in answer.text) == (422, True)


async def test_a_call_shows_who_has_not_answered(
    lecture: Lecture, classroom: Classroom, open_as: Open, ports: Ports
) -> None:
    teacher = open_as(classroom.teacher)
    call = {"kind": "exit", "percent": "100"}
    assert "nobody to ask" in (await teacher.post(f"{path_of(lecture)}/call", data=call)).text
    await lecture.scan(lecture.student)
    drain(ports)
    assert (await teacher.post(f"{path_of(lecture)}/call", data=call)).status_code == 303
    page = (await teacher.get(path_of(lecture))).text
    assert "0 of 1 confirmed" in page
    assert classroom.students[0].number in page
    assert (await teacher.post(f"{path_of(lecture)}/call", data=call)).status_code == 409


async def test_flags_are_shown_with_names(lecture: Lecture, classroom: Classroom, open_as: Open, ports: Ports) -> None:
    first, second = lecture.students[:2]
    await lecture.scan(first)
    second.cookies.set("muster_device", first.cookies["muster_device"])
    await lecture.scan(second)
    drain(ports)
    page = (await open_as(classroom.teacher).get(path_of(lecture))).text
    assert page.count("Shared device") == 2
    assert f"Checked in on the same device as {classroom.students[0].number}" in page


async def test_students_and_others_see_nothing_of_it(
    lecture: Lecture, classroom: Classroom, elsewhere: Classroom, open_as: Open
) -> None:
    assert (await open_as(classroom.students[0]).get(path_of(lecture))).status_code == 303
    assert (await open_as(elsewhere.teacher).get(path_of(lecture))).status_code == 404
    assert (await open_as(elsewhere.teacher).post(f"{path_of(lecture)}/rules", data=FENCE)).status_code == 404


async def test_a_student_who_is_asked_confirms_with_a_scan(
    lecture: Lecture, classroom: Classroom, open_as: Open, ports: Ports
) -> None:
    await lecture.scan(lecture.student)
    drain(ports)
    phone = open_as(classroom.students[0])
    assert (await lecture.teacher.post(f"{lecture.path}/calls", json={})).status_code == 201
    await phone.get(f"/C/{await lecture.token()}")
    page = (await phone.get("/checkin")).text
    assert "I am still here" in page
    ticket = page.split('name="ticket" value="')[1].split('"')[0]
    answer = await phone.post("/checkin/confirm", data={"ticket": ticket})
    assert answer.status_code == 200
    assert "Confirmed" in answer.text
    drain(ports)
    [call] = (await lecture.teacher.get(f"{lecture.path}/calls")).json()["items"]
    assert (call["confirmed"], call["missing"]) == (1, [])


async def test_a_confirmation_nobody_asked_for_is_explained(
    lecture: Lecture, classroom: Classroom, open_as: Open
) -> None:
    ticket = (await lecture.ticket(lecture.student))["ticket"]
    answer = await open_as(classroom.students[0]).post("/checkin/confirm", data={"ticket": ticket})
    assert answer.status_code == 409
    assert "Nobody is asking you right now" in answer.text


async def test_a_student_who_is_asked_is_told_where_they_are_anyway(
    lecture: Lecture, classroom: Classroom, open_as: Open, ports: Ports
) -> None:
    for student in lecture.students[:2]:
        await lecture.scan(student)
    drain(ports)
    asked, answered, other = (open_as(student) for student in classroom.students)
    assert (await lecture.teacher.post(f"{lecture.path}/calls", json={})).status_code == 201
    shown = {"token": await lecture.token()}
    assert (await lecture.students[1].post(f"{lecture.path}/confirmations", json=shown)).status_code == 202
    drain(ports)
    told = ["asks who is still here" in (await phone.get("/checkin")).text for phone in (asked, answered, other)]
    assert told == [True, False, False]
