"""Check-in rules: where the phone is, and whose it is (1-domain 1.4, 2-http-api 2.1, 5-security)."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from api.services import Services
from shared.domain.words import FlagKind
from tests.api.answers import good, refusal, wrong_fields
from tests.api.lecture import Lecture, open_lecture
from tests.campus import Classroom, Visitor
from workers.drain import drain
from workers.ports import Ports

HERE = {"latitude": 48.137, "longitude": 11.575}
FENCE = {**HERE, "radiusMeters": 80}
INSIDE = {**HERE, "accuracyMeters": 10}
OUTSIDE = {"latitude": 48.147, "longitude": 11.575, "accuracyMeters": 10}


@pytest.fixture
async def fenced(visitor: Visitor, classroom: Classroom) -> Lecture:
    """A session that asks where one is."""
    return await open_lecture(visitor, classroom, geofence=FENCE)


async def try_in(lecture: Lecture, student: httpx.AsyncClient, **more: Any) -> httpx.Response:
    """Check in with the code on the screen."""
    return await lecture.check_in(student, token=await lecture.token(), **more)


async def flagged(lecture: Lecture, ports: Ports) -> set[str]:
    """The kinds of flags staff see."""
    drain(ports)
    return {flag["kind"] for flag in good(await lecture.teacher.get(f"{lecture.path}/stats"))["flags"]}


async def test_inside_the_fence_one_checks_in(fenced: Lecture, ports: Ports) -> None:
    good(await try_in(fenced, fenced.student, location=INSIDE), 202)
    drain(ports)
    [update] = good(await fenced.teacher.get(f"{fenced.path}/stats"))["recentCheckins"]
    assert update["checkInLocation"] == {"inside": True, "distanceMeters": 25}


async def test_outside_it_one_does_not(fenced: Lecture) -> None:
    assert refusal(await try_in(fenced, fenced.student, location=OUTSIDE)) == (403, "outside_geofence")


async def test_a_missing_location_is_asked_for(fenced: Lecture) -> None:
    assert refusal(await try_in(fenced, fenced.student)) == (400, "location_required")


async def test_a_refusal_for_the_place_spends_no_ticket(fenced: Lecture) -> None:
    ticket = (await fenced.ticket(fenced.student))["ticket"]
    assert refusal(await fenced.check_in(fenced.student, ticket=ticket)) == (400, "location_required")
    good(await fenced.check_in(fenced.student, ticket=ticket, location=INSIDE), 202)


async def test_a_repeat_is_answered_wherever_one_is(fenced: Lecture) -> None:
    first = good(await try_in(fenced, fenced.student, location=INSIDE), 202)
    for more in ({}, {"location": OUTSIDE}):
        again = good(await try_in(fenced, fenced.student, **more))
        assert again == {**first, "duplicate": True}


async def test_where_the_rule_is_to_flag_nobody_is_refused(
    visitor: Visitor, classroom: Classroom, ports: Ports
) -> None:
    lecture = await open_lecture(visitor, classroom, geofence=FENCE, checkInRules={"geofence": "flag"})
    good(await try_in(lecture, lecture.students[0], location=OUTSIDE), 202)
    good(await try_in(lecture, lecture.students[1]), 202)
    good(await try_in(lecture, lecture.students[2], location=INSIDE), 202)
    assert await flagged(lecture, ports) == {FlagKind.OUTSIDE_GEOFENCE, FlagKind.NO_LOCATION}


async def test_without_a_fence_a_location_is_not_judged(lecture: Lecture, ports: Ports, owner: Engine) -> None:
    good(await try_in(lecture, lecture.student, location=OUTSIDE), 202)
    assert await flagged(lecture, ports) == set()


async def test_raw_coordinates_are_kept_nowhere(fenced: Lecture, ports: Ports, owner: Engine) -> None:
    odd = {"latitude": 48.137123456, "longitude": 11.575654321, "accuracyMeters": 7}
    good(await try_in(fenced, fenced.student, location=odd), 202)
    drain(ports)
    with owner.connect() as connection:
        [row] = connection.execute(text("SELECT c::text FROM check_ins c WHERE session_id = :id"), {"id": fenced.id})
    assert "137123" not in row[0]
    assert "575654" not in row[0]


async def two_on_one_phone(lecture: Lecture) -> httpx.Response:
    """The second student's answer on the first one's phone."""
    first, second = lecture.students[:2]
    await lecture.scan(first)
    second.cookies.set("muster_device", first.cookies["muster_device"])
    ticket = (await lecture.ticket(second))["ticket"]
    return await lecture.check_in(second, ticket=ticket)


async def test_two_students_on_one_phone_are_flagged(lecture: Lecture, ports: Ports) -> None:
    good(await two_on_one_phone(lecture), 202)
    assert await flagged(lecture, ports) == {FlagKind.SHARED_DEVICE}


async def test_or_refused_where_the_session_says_so(visitor: Visitor, classroom: Classroom, ports: Ports) -> None:
    lecture = await open_lecture(visitor, classroom, checkInRules={"device": "refuse"})
    assert refusal(await two_on_one_phone(lecture)) == (409, "device_already_used")
    good(await lecture.check_in(lecture.students[0], token=await lecture.token()))  # the first one's repeat
    await lecture.scan(lecture.students[2])
    assert await flagged(lecture, ports) == set()


async def test_a_made_up_device_is_none(lecture: Lecture) -> None:
    """Else one phone could be as many as it likes, or name somebody else's."""
    await lecture.scan(lecture.student)
    genuine = lecture.student.cookies["muster_device"]
    forged = ("A" if genuine[0] != "A" else "B") + genuine[1:]
    lecture.students[1].cookies.set("muster_device", forged)
    answer = await lecture.exchange(lecture.students[1], token=await lecture.token())
    assert forged not in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("networks", "kinds"), [(["10.0.0.0/8"], {"off_campus"}), (["10.0.0.0/8", "127.0.0.0/8"], set()), ([], set())]
)
async def test_check_ins_from_elsewhere_are_flagged(
    lecture: Lecture,
    services: Services,
    ports: Ports,
    networks: list[str],
    kinds: set[str],
) -> None:
    services.settings.campus_networks[:] = networks
    await lecture.scan(lecture.student)
    services.settings.campus_networks.clear()
    assert await flagged(lecture, ports) == kinds


async def test_rules_are_changed_while_it_runs(lecture: Lecture) -> None:
    url = f"{lecture.path}/check-in-rules"
    assert good(await lecture.teacher.get(url)) == {
        "geofence": None,
        "checkInRules": {"geofence": "refuse", "device": "flag", "recheck": None, "exitCheck": None},
    }
    calls = {"recheck": {"share": 0.5, "seconds": 60}, "exitCheck": None}
    rules = {"geofence": FENCE, "checkInRules": {"geofence": "refuse", "device": "refuse", **calls}}
    assert good(await lecture.teacher.put(url, json=rules)) == rules
    assert refusal(await try_in(lecture, lecture.student)) == (400, "location_required")
    good(await lecture.teacher.put(url, json={}))
    good(await try_in(lecture, lecture.student), 202)
    await lecture.end()
    assert refusal(await lecture.teacher.put(url, json=rules)) == (409, "session_not_active")


async def test_rules_are_for_staff(
    lecture: Lecture, other_teacher: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    url = f"{lecture.path}/check-in-rules"
    for method in ("GET", "PUT"):
        body: dict[str, Any] | None = {} if method == "PUT" else None
        assert refusal(await lecture.student.request(method, url, json=body)) == (403, "forbidden")
        assert refusal(await other_teacher.request(method, url, json=body)) == (404, "not_found")
        good(await admin.request(method, url, json=body))


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"geofence": {**FENCE, "radiusMeters": 1}}, {"geofence.radiusMeters"}),
        ({"geofence": {**FENCE, "latitude": 91}}, {"geofence.latitude"}),
        ({"geofence": HERE}, {"geofence.radiusMeters"}),
        ({"checkInRules": {"device": "ignore"}}, {"checkInRules.device"}),
        ({"checkInRules": {"network": "flag"}}, {"checkInRules.network"}),
        ({"checkInRules": {"recheck": {"share": 0}}}, {"checkInRules.recheck.share"}),
        ({"checkInRules": {"recheck": {"seconds": 5}}}, {"checkInRules.recheck.seconds"}),
        ({"checkInRules": {"recheck": {"minutesBefore": 5}}}, {"checkInRules.recheck.minutesBefore"}),
        ({"checkInRules": {"exitCheck": {"minutesBefore": 0}}}, {"checkInRules.exitCheck.minutesBefore"}),
        ({"checkInRules": {"exitCheck": {"minutesBefore": 1}}}, {"checkInRules.exitCheck.seconds"}),
        ({"checkInRules": {"exitCheck": {}}}, {"checkInRules.exitCheck"}),
    ],
)
async def test_rules_that_make_no_sense_are_named(
    visitor: Visitor, classroom: Classroom, more: dict[str, Any], fields: set[str]
) -> None:
    teacher = visitor.speaking_as(classroom.teacher)
    answer = await teacher.post("/api/v1/sessions/live", json={**classroom.opening, **more})
    assert wrong_fields(answer) == fields
