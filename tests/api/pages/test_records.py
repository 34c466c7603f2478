"""A student's own page and a parent's, over the real API: what they show, to whom, and what a parent may report."""

import re
from uuid import uuid4

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine, text

from api.pages import record
from tests.api.pages.conftest import Open
from tests.api.past import Past
from tests.api.tutorial import Tutorial, hold, parent_of
from tests.campus import Classroom, Person, Visitor, make_classroom
from workers.ports import Ports


@pytest.fixture
def past(owner: Engine, classroom: Classroom) -> Past:
    """What took place in the class."""
    return Past(owner, classroom)


@pytest.fixture
def tutorial(owner: Engine, redis: Redis, ports: Ports, visitor: Visitor, classroom: Classroom) -> Tutorial:
    """An online session that is over; its first student was there for a while, nobody has decided."""
    held = hold(owner, redis, ports, visitor, classroom)
    held.attend(classroom.students[0], 7, 30)
    held.end()
    return held


def line_of(html: str, session: object) -> str:
    """The part of a page about one session."""
    return html.split(f'id="s-{session}"')[1].split("</li>")[0]


async def get(client: httpx.AsyncClient, path: str) -> str:
    """A page as HTML."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:300]
    return answer.text


async def test_it_shows_rate_status_and_source(past: Past, open_as: Open) -> None:
    past.attend("PRESENT", 3)
    absent = past.hold({past.student: "ABSENT"}, source="system_default")
    past.attend("EXCUSED", 1)
    html = await get(open_as(past.student), "/me")
    assert "75.0 %" in html
    assert "of 5 marked sessions" in html
    assert "By default" in line_of(html, absent)
    assert "chip--absent" in line_of(html, absent)


async def test_it_shows_the_evidence_and_what_waits(tutorial: Tutorial, open_as: Open) -> None:
    line = line_of(await get(open_as(tutorial.classroom.students[0]), "/me"), tutorial.session_id)
    assert "Not marked" in line
    assert re.search(r"Connected.*\d\d:\d\d–\d\d:\d\d", line)
    assert "23.0 min counted" in line
    assert "strip__run" in line


async def test_a_mistake_is_reported_to_the_teacher(past: Past, open_as: Open) -> None:
    """By mail: Muster promises no answer that a person has to give."""
    session = past.hold({past.student: "ABSENT"})
    assert f"mailto:{past.room.teacher.id.hex}@" in line_of(await get(open_as(past.student), "/me"), session)


async def test_older_sessions_are_a_page_away(past: Past, open_as: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "LINES", 5)
    past.attend("PRESENT", 8)
    student = open_as(past.student)
    first = await get(student, "/me")
    following = re.search(r'href="/me\?cursor=([^"]+)"', first)
    assert following
    rest = await get(student, f"/me?cursor={following[1]}")
    assert (first.count("record__line"), rest.count("record__line")) == (5, 3)
    assert "cursor=" not in rest
    assert (await student.get("/me?cursor=nonsense")).status_code == 422


async def test_how_a_mark_came_about_is_for_its_own_people(past: Past, owner: Engine, open_as: Open) -> None:
    session = past.hold({past.student: "ABSENT"})
    with owner.begin() as connection:
        statement = text("UPDATE attendance_records SET status = 'LATE', reason = 'the bus' WHERE session_id = :id")
        connection.execute(statement, {"id": session})
        found = connection.execute(text("SELECT id FROM attendance_records WHERE session_id = :id"), {"id": session})
        path = f"/marks/{found.scalar_one()}"
    html = await get(open_as(past.student), path)
    assert "the bus" in html
    assert "Before:" in html
    assert (await open_as(past.room.students[1]).get(path)).status_code == 403
    assert (await open_as(parent_of(owner, past.room.students[1])).get(path)).status_code == 403
    await get(open_as(parent_of(owner, past.student)), path)
    assert (await open_as(past.student).get(f"/marks/{uuid4()}")).status_code == 404


async def test_everybody_else_is_shown_their_own_start(
    past: Past, visitor: Visitor, owner: Engine, open_as: Open
) -> None:
    parent = parent_of(owner, past.student)
    assert (await open_as(past.room.teacher).get("/me")).headers["location"] == "/teach"
    assert (await open_as(past.student).get("/family")).headers["location"] == "/checkin"
    assert (await open_as(parent).get("/me")).headers["location"] == "/family"
    assert (await open_as(parent).get("/checkin")).headers["location"] == "/family"
    assert (await visitor.anonymous().get("/family")).headers["location"] == "/login?next=/family"


# --- family ---------------------------------------------------------------------------------------------


class Home:
    """A parent at home."""

    def __init__(self, client: httpx.AsyncClient, tutorial: Tutorial, child: Person) -> None:
        self.client = client
        self.tutorial = tutorial
        self.child = child

    async def report(self, **form: str) -> httpx.Response:
        """Send the form of the session."""
        fields = {"child": str(self.child.id), "status": "excused", "note": "was ill", **form}
        return await self.client.post(f"/family/sessions/{self.tutorial.session_id}", data=fields)


@pytest.fixture
def home(tutorial: Tutorial, owner: Engine, open_as: Open) -> Home:
    """The parent of somebody who never came."""
    child = tutorial.classroom.students[2]
    return Home(open_as(parent_of(owner, child)), tutorial, child)


async def test_a_parent_reports_an_absence(home: Home) -> None:
    assert "Report an absence" in await get(home.client, "/family")
    answer = await home.report()
    assert answer.headers["location"] == f"/family?reported=1&child={home.child.id}#s-{home.tutorial.session_id}"
    assert home.tutorial.marks() == {home.child.id: ("EXCUSED", "parent_reported")}
    html = await get(home.client, "/family?reported=1")
    assert "The teacher sees it, and decides" in html
    assert "was ill" in line_of(html, home.tutorial.session_id)


@pytest.mark.parametrize(
    ("form", "status"),
    [({"status": "present"}, 403), ({"note": ""}, 422), ({"status": "sleeping"}, 422), ({"child": ""}, 404)],
)
async def test_what_a_parent_may_not_report_is_not_written(home: Home, form: dict[str, str], status: int) -> None:
    assert (await home.report(**form)).status_code == status
    assert home.tutorial.marks() == {}


async def test_another_familys_child_is_out_of_reach(home: Home) -> None:
    other = home.tutorial.classroom.students[0]
    assert (await home.client.get(f"/family?child={other.id}")).status_code == 404
    assert (await home.report(child=str(other.id))).status_code in (403, 404)
    assert home.tutorial.marks() == {}
    assert str(other.id) not in await get(home.client, "/family")


async def test_what_a_teacher_has_decided_stays(home: Home) -> None:
    records = [{"student_id": str(home.child.id), "status": "absent"}]
    assert (await home.tutorial.put(records=records)).status_code == 200
    assert "Report an absence" not in await get(home.client, "/family")
    late = await home.report()
    assert late.status_code == 403
    assert "a teacher has already decided" in late.text
    assert home.tutorial.marks()[home.child.id] == ("ABSENT", "manual")


async def test_a_class_in_a_room_takes_no_report(home: Home, owner: Engine, classroom: Classroom) -> None:
    session = Past(owner, classroom).hold({}, mode="in_person")
    html = await get(home.client, "/family")
    assert "Report an absence" not in line_of(html, session)
    answer = await home.client.post(
        f"/family/sessions/{session}", data={"child": str(home.child.id), "status": "absent", "note": "ill"}
    )
    assert answer.status_code == 400
    assert "takes no reports" in answer.text


async def test_another_sites_form_reports_nothing(home: Home) -> None:
    home.client.headers["sec-fetch-site"] = "cross-site"
    assert (await home.report()).status_code == 403
    assert home.tutorial.marks() == {}


async def test_two_children_are_two_pages_and_none_is_said(home: Home, owner: Engine, open_as: Open) -> None:
    second = make_classroom(owner, 1).students[0]
    parent = parent_of(owner, second)
    with owner.begin() as connection:
        statement = text("INSERT INTO parent_links (parent_id, student_id) VALUES (:parent, :child)")
        connection.execute(statement, {"parent": parent.id, "child": home.child.id})
    both = await get(open_as(parent), "/family")
    assert f"child={second.id}" in both
    assert f"child={home.child.id}" in both
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM parent_links WHERE parent_id = :parent"), {"parent": parent.id})
    assert "No child is linked" in await get(open_as(parent), "/family")


async def test_a_report_is_text(home: Home) -> None:
    await home.report(note="<script>alert(1)</script>")
    assert "<script>alert" not in await get(home.client, "/family")
