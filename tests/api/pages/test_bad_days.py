"""What a scan at the wrong moment shows, by the real API: early, over, and where the class asks for a place."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from shared.domain.codes import CodeFace, make_token
from shared.settings import Settings
from tests.api.answers import good
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Classroom, Visitor

FENCE = {"geofence": {"latitude": 52.5, "longitude": 13.4, "radiusMeters": 100}}


def browser_of(visitor: Visitor, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A person's browser: the cookie instead of the header."""
    made = visitor.anonymous()
    made.cookies["muster_token"] = client.headers["authorization"].removeprefix("Bearer ")
    made.follow_redirects = True
    return made


def token_of(owner: Engine, settings: Settings, session_id: str) -> str:
    """The code of the session's first step, as only the server can make it."""
    with owner.connect() as connection:
        row = connection.execute(text("SELECT * FROM live_sessions WHERE id = :id"), {"id": session_id}).one()
    face = CodeFace(row.code_reference, row.code_generation, row.created_at, row.rotate_seconds, row.code_visible)
    return make_token(settings.secret_key.get_secret_value().encode(), face, 0)


async def test_a_scan_before_the_start_says_when_to_come_again(
    punctual: Visitor, classroom: Classroom, clock: Clock, owner: Engine, settings: Settings
) -> None:
    planned = clock.now + timedelta(minutes=10)
    lecture = await open_lecture(punctual, classroom, startNow=False, scheduledStart=planned.isoformat())
    student = browser_of(punctual, lecture.student)
    answer = await student.get(f"/C/{token_of(owner, settings, lecture.id)}")
    assert answer.status_code == 409
    assert "This class has not started yet" in answer.text
    assert f"planned for {planned.astimezone(settings.zone):%H:%M}" in answer.text
    assert f"{classroom.code} Section A" in answer.text


async def test_a_scan_after_the_end_says_that_it_is_over(punctual: Visitor, timed: Lecture) -> None:
    token = await timed.token()
    await timed.end()
    answer = await browser_of(punctual, timed.student).get(f"/C/{token}")
    assert answer.status_code == 409
    assert "This class is over" in answer.text
    assert "planned for" not in answer.text


async def test_a_scan_from_before_the_end_that_is_tapped_after_it_says_the_same(
    punctual: Visitor, timed: Lecture
) -> None:
    student = browser_of(punctual, timed.student)
    page = await student.get(f"/C/{await timed.token()}")
    ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
    await timed.end()
    answer = await student.post("/checkin", data={"ticket": ticket})
    assert answer.status_code == 409
    assert "This class is over" in answer.text


@pytest.mark.parametrize(("rules", "asks"), [({}, False), (FENCE, True)])
async def test_only_a_class_with_a_fence_asks_where_the_phone_is(
    punctual: Visitor, classroom: Classroom, clock: Clock, rules: dict[str, Any], asks: bool
) -> None:
    lecture = await open_lecture(punctual, classroom, **rules)
    page = await browser_of(punctual, lecture.student).get(f"/C/{await lecture.token()}")
    assert ("data-place=" in page.text, "This class asks where you are" in page.text) == (asks, True)
    assert ("phone__place" in page.text) is asks


async def test_without_script_a_fence_refuses_and_says_who_can_help(
    punctual: Visitor, classroom: Classroom, clock: Clock
) -> None:
    """The scan is not spent: the API takes the same ticket afterwards, with a place."""
    lecture = await open_lecture(punctual, classroom, **FENCE)
    student = browser_of(punctual, lecture.student)
    page = await student.get(f"/C/{await lecture.token()}")
    ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
    answer = await student.post("/checkin", data={"ticket": ticket})
    assert answer.status_code == 400
    assert "your teacher, who can mark you by hand" in answer.text
    here = {"latitude": 52.5, "longitude": 13.4, "accuracyMeters": 10}
    again = await student.post(f"{lecture.path}/attendance", json={"ticket": ticket, "location": here})
    assert good(again, 202)["status"] == "present"
