"""The page that keeps a connection, over the real API: who finds what, and what its buttons record."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from tests.api.pages.conftest import Open
from tests.campus import Classroom, Visitor, make_admin, make_classroom, start_session
from workers.drain import drain
from workers.ports import Ports


async def online(visitor: Visitor, classroom: Classroom, **more: Any) -> str:
    """The id of a running online session."""
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom, **{"mode": "online", **more})
    return str(session["id"])


def events_of(owner: Engine, session: str) -> list[tuple[str, str]]:
    """The audit list: who said what."""
    statement = text("SELECT user_type, event FROM connection_events WHERE session_id = :id ORDER BY occurred_at, id")
    with owner.connect() as connection:
        return [tuple(row) for row in connection.execute(statement, {"id": session})]


async def test_student_and_tutor_find_the_keeper_and_each_their_part(
    visitor: Visitor, classroom: Classroom, open_as: Open
) -> None:
    session = await online(visitor, classroom)
    for person, part in ((classroom.students[0], "student"), (classroom.teacher, "tutor")):
        page = await open_as(person).get(f"/join/{session}")
        assert page.status_code == 200
        assert f'data-user-type="{part}"' in page.text
        assert "/static/presence.js" in page.text


async def test_who_takes_no_part_finds_nothing(
    visitor: Visitor, classroom: Classroom, owner: Engine, open_as: Open
) -> None:
    """The same page for somebody else's session and for one that does not exist; others see their own start."""
    session = await online(visitor, classroom)
    elsewhere = make_classroom(owner)
    for person in (elsewhere.students[0], elsewhere.teacher):
        browser = open_as(person)
        theirs = await browser.get(f"/join/{session}")
        nowhere = await browser.get(f"/join/{uuid4()}")
        assert theirs.status_code == nowhere.status_code == 404
        assert theirs.text == nowhere.text
        assert (await browser.post(f"/join/{session}/here")).status_code in (403, 404)
    assert (await visitor.anonymous().get(f"/join/{session}")).headers["location"] == f"/login?next=/join/{session}"
    assert (await open_as(make_admin(owner)).get(f"/join/{session}")).headers["location"] == "/teach"


async def test_the_buttons_record_moments(
    visitor: Visitor, classroom: Classroom, open_as: Open, owner: Engine, ports: Ports
) -> None:
    """Two taps at once are one stay of next to no time; the audit list shows both."""
    session = await online(visitor, classroom)
    phone = open_as(classroom.students[0])
    assert (await phone.post(f"/join/{session}/here")).headers["location"] == f"/join/{session}?noted=1"
    assert (await phone.post(f"/join/{session}/leave")).headers["location"] == f"/join/{session}?left=1"
    drain(ports)
    assert events_of(owner, session) == [("student", "connect"), ("student", "disconnect")]
    page = (await phone.get(f"/join/{session}?left=1")).text
    assert "You have left" in page
    assert "in 1 stay" in page


async def test_another_sites_form_records_nothing(
    visitor: Visitor, classroom: Classroom, open_as: Open, owner: Engine, ports: Ports
) -> None:
    session = await online(visitor, classroom)
    hostile = {"sec-fetch-site": "cross-site", "origin": "https://evil.test"}
    assert (await open_as(classroom.students[0]).post(f"/join/{session}/here", headers=hostile)).status_code == 403
    drain(ports)
    assert events_of(owner, session) == []


async def test_after_the_end_it_shows_what_was_recorded(
    visitor: Visitor, classroom: Classroom, open_as: Open, ports: Ports
) -> None:
    """And takes nothing more."""
    session = await online(visitor, classroom)
    came, absent = (open_as(student) for student in classroom.students[:2])
    await came.post(f"/join/{session}/here")
    await visitor.speaking_as(classroom.teacher).post(f"/api/v1/sessions/{session}/end")
    drain(ports)
    assert "What was recorded of you" in (await came.get(f"/join/{session}")).text
    assert "no connection of yours" in (await absent.get(f"/join/{session}")).text
    late = await came.post(f"/join/{session}/here")
    assert late.status_code == 409
    assert "This session has ended" in late.text


@pytest.mark.parametrize(
    ("minutes", "says"), [(10, 'data-phase="open"'), (40, "You are early"), (None, "as soon as the tutor starts")]
)
async def test_before_the_start_it_says_from_when_it_counts(
    visitor: Visitor, classroom: Classroom, open_as: Open, minutes: int | None, says: str
) -> None:
    planned: dict[str, Any] = {"startNow": False}
    if minutes is not None:
        planned["scheduledStart"] = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    session = await online(visitor, classroom, **planned)
    assert says in (await open_as(classroom.students[0]).get(f"/join/{session}")).text


async def test_a_class_in_a_room_and_a_cancelled_one_are_explained(
    visitor: Visitor, classroom: Classroom, open_as: Open
) -> None:
    phone = open_as(classroom.students[0])
    room = await online(visitor, classroom, mode="in_person", room="R 12")
    page = (await phone.get(f"/join/{room}")).text
    assert "go to R 12 and scan the code" in page
    assert "presence.js" not in page
    await visitor.speaking_as(classroom.teacher).post(f"/api/v1/sessions/{room}/cancel")
    assert "was cancelled" in (await phone.get(f"/join/{room}")).text


async def test_the_way_there_starts_at_home(visitor: Visitor, classroom: Classroom, open_as: Open) -> None:
    """A student sees the online sessions of today where they check in, a teacher on the day's cards."""
    session = await online(visitor, classroom)
    for person, home in ((classroom.students[0], "/checkin"), (classroom.teacher, "/teach")):
        assert f'href="/join/{session}"' in (await open_as(person).get(home)).text


async def test_a_reload_in_the_middle_of_a_stay_goes_on_with_it(
    visitor: Visitor, classroom: Classroom, open_as: Open, ports: Ports
) -> None:
    """The page knows since when, also right after its own goodbye."""
    session = await online(visitor, classroom)
    phone = open_as(classroom.students[0])
    for button in ("here", "leave"):
        await phone.post(f"/join/{session}/{button}")
    drain(ports)
    page = (await phone.get(f"/join/{session}")).text
    found = re.search(r'data-since="([^"]+)" data-last="([^"]+)"', page)
    assert found
    assert datetime.fromisoformat(found[1]) < datetime.fromisoformat(found[2])
