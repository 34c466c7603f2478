"""The review page over the real API: what it shows, what its forms write, and what it refuses in place."""

import re
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine

from tests.api.pages.conftest import Open
from tests.api.tutorial import Tutorial, hold
from tests.campus import Classroom, Person, Visitor, make_admin, make_classroom
from tests.workers.events import change_session
from workers.ports import Ports


@dataclass
class Desk:
    """A tutor with the review of a finished seminar before them."""

    held: Tutorial
    browser: httpx.AsyncClient

    @property
    def path(self) -> str:
        """The page."""
        return f"/teach/sessions/{self.held.session_id}/review"

    async def look(self, query: str = "") -> str:
        """The page as HTML."""
        answer = await self.browser.get(self.path + query)
        assert answer.status_code == 200
        return answer.text

    async def accept(self, *fields: tuple[str, str], seen: str = "", version: str = "1") -> httpx.Response:
        """Send the form as a button does."""
        pairs = [("version", version), ("seen", seen), ("notes", ""), *fields]
        form = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in pairs)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return await self.browser.post(f"{self.path}/accept", content=form, headers=headers)

    async def mark(self, person: UUID | str, **form: str) -> httpx.Response:
        """Send one person's form."""
        return await self.browser.post(f"{self.path}/mark", data={"person": str(person), "part": "student", **form})


@pytest.fixture
def desk(owner: Engine, redis: Redis, ports: Ports, visitor: Visitor, classroom: Classroom, open_as: Open) -> Desk:
    """Three students: there, there twice for a while, never there; it is over."""
    held = hold(owner, redis, ports, visitor, classroom)
    there, half, _ = classroom.students
    held.attend(classroom.teacher, 0, 60)
    held.attend(there, 0, 60)
    held.attend(half, 3, 10)
    held.attend(half, 20, 33)
    held.end()
    return Desk(held, open_as(classroom.teacher))


def row_of(html: str, person: Person | UUID) -> str:
    """The part of the page about one person."""
    person_id = person.id if isinstance(person, Person) else person
    return html.split(f'id="p-{person_id}"')[1].split("</tr>")[0]


async def test_it_shows_what_is_suggested_and_why(desk: Desk) -> None:
    html = await desk.look()
    there, half, never = (row_of(html, student) for student in desk.held.classroom.students)
    assert "chip--present" in there
    assert "High confidence" in there
    assert "Never connected" in never
    assert "Low confidence" in half
    assert "Accept all high-confidence (3)" in html
    assert re.search(r"Connected \d\d:\d\d–\d\d:\d\d, \d\d:\d\d–\d\d:\d\d", half)
    assert html.index("Tutor</span>") < html.index(desk.held.classroom.students[0].number)


async def test_a_strip_draws_each_stay_over_the_window(desk: Desk) -> None:
    """Minute 20 of sixty is a third of the way; without inline styles, which the policy forbids."""
    html = await desk.look()
    bars = re.findall(r'strip__run" x="([\d.]+)" y="4" width="([\d.]+)"', row_of(html, desk.held.classroom.students[1]))
    drawn = [float(number) for bar in bars for number in bar]
    assert drawn == pytest.approx([50, 117, 333, 217], abs=2)
    assert " style=" not in html


async def test_low_confidence_is_never_ticked_by_itself(desk: Desk) -> None:
    html = await desk.look()
    there, half, never = (row_of(html, student) for student in desk.held.classroom.students)
    assert [" checked" in row for row in (there, half, never)] == [True, False, True]


async def test_all_of_high_confidence_are_accepted_at_once(desk: Desk) -> None:
    there, half, never = desk.held.classroom.students
    answer = await desk.accept(("whom", "high"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{desk.path}?saved=1&show=all&page=1")
    marks = desk.held.marks()
    assert marks[there.id] == ("PRESENT", "whiteboard_auto")
    assert marks[never.id] == ("ABSENT", "whiteboard_auto")
    assert half.id not in marks
    html = await desk.look("?saved=1")
    assert "3 of 4 people are marked now" in html
    assert "1 mark waits for you" in html


async def test_the_ticked_are_accepted_and_nobody_else(desk: Desk) -> None:
    _, half, _ = desk.held.classroom.students
    await desk.accept(("whom", "ticked"), ("tick", str(half.id)), ("tick", str(UUID(int=5))))
    assert set(desk.held.marks()) == {half.id}


async def test_one_person_is_accepted_by_their_own_button(desk: Desk) -> None:
    there, half, _ = desk.held.classroom.students
    answer = await desk.accept(("tick", str(half.id)), ("only", str(there.id)))
    assert answer.headers["location"].endswith(f"#p-{there.id}")
    assert set(desk.held.marks()) == {there.id}


async def test_accepting_all_sweeps_nobody_over(desk: Desk) -> None:
    """What a person decided stays, however sure the suggestion is."""
    _, _, never = desk.held.classroom.students
    answer = await desk.mark(never.id, status="excused", reason="dentist", notes="until ten")
    assert answer.status_code == 303
    await desk.accept(("whom", "all"))
    assert desk.held.marks()[never.id] == ("EXCUSED", "manual")
    assert len(desk.held.marks()) == 4
    html = await desk.look()
    assert "until ten" in row_of(html, never)
    assert 'name="version"' not in html  # nothing waits any more
    assert desk.held.history(never)[0][3] == "dentist"


async def test_a_note_can_be_taken_back_and_the_tutor_marked(desk: Desk) -> None:
    there, _, _ = desk.held.classroom.students
    await desk.mark(there.id, status="late", notes="the bus")
    await desk.mark(there.id, status="late", notes="")
    teacher = desk.held.classroom.teacher
    answer = await desk.mark(teacher.id, part="tutor", status="present", notes="")
    assert answer.status_code == 303
    assert "the bus" not in await desk.look()
    assert desk.held.marks()[teacher.id] == ("PRESENT", "manual")


async def test_a_suggestion_that_changed_is_refused_and_shown(desk: Desk) -> None:
    """Nothing is written; who changed says what was before, and is not ticked."""
    there, half, _ = desk.held.classroom.students
    seen = re.search(r'name="seen" value="([^"]+)"', await desk.look())
    assert seen
    desk.held.attend(half, 31, 60)
    desk.held.score()
    answer = await desk.accept(("whom", "high"), seen=seen[1])
    assert answer.status_code == 409
    assert "1 person below is marked as changed" in answer.text
    assert "Changed; it was:" in row_of(answer.text, half)
    assert " checked" not in row_of(answer.text, half)
    assert "Changed" not in row_of(answer.text, there)
    assert desk.held.marks() == {}
    assert (await desk.accept(("whom", "high"), version="2")).status_code == 303


@pytest.mark.parametrize("version", ["", "-1", "x", "1e3"])
async def test_without_a_version_nothing_is_accepted(desk: Desk, version: str) -> None:
    """An accept that does not say what was seen is no accept."""
    answer = await desk.accept(("whom", "all"), version=version)
    assert answer.status_code == 422
    assert desk.held.marks() == {}


@pytest.mark.parametrize(
    "form", [{"status": "sleeping"}, {}, {"status": "late", "notes": "x" * 2001}, {"status": "late", "notes": "a\0b"}]
)
async def test_a_form_that_makes_no_sense_writes_nothing(desk: Desk, form: dict[str, str]) -> None:
    assert (await desk.mark(desk.held.classroom.students[0].id, **form)).status_code == 422
    assert desk.held.marks() == {}


@pytest.mark.parametrize("person", ["", "x", str(UUID(int=5))])
async def test_nobody_that_does_not_take_part_is_marked(desk: Desk, person: str) -> None:
    assert (await desk.mark(person, status="late")).status_code == 422
    assert desk.held.marks() == {}


async def test_nobody_ticked_is_said(desk: Desk) -> None:
    answer = await desk.accept(("whom", "ticked"))
    assert answer.status_code == 409
    assert "nobody was ticked" in answer.text


async def test_it_is_the_tutors_page(desk: Desk, open_as: Open, owner: Engine, visitor: Visitor) -> None:
    """Strangers log in, students go home, other teachers find nothing, and none of them writes."""
    stranger, student = visitor.anonymous(), open_as(desk.held.classroom.students[0])
    other = open_as(make_classroom(owner).teacher)
    assert (await stranger.get(desk.path)).headers["location"] == f"/login?next={desk.path}"
    assert (await student.get(desk.path)).headers["location"] == "/checkin"
    assert (await other.get(desk.path)).status_code == 404
    for client in (stranger, student, other):
        await Desk(desk.held, client).accept(("whom", "all"))
        await Desk(desk.held, client).mark(desk.held.classroom.students[0].id, status="present")
    assert desk.held.marks() == {}


async def test_another_sites_form_decides_nothing(desk: Desk) -> None:
    desk.browser.headers["sec-fetch-site"] = "cross-site"
    assert (await desk.accept(("whom", "all"))).status_code == 403
    assert desk.held.marks() == {}


async def test_an_administrator_gives_a_reason(desk: Desk, open_as: Open, owner: Engine) -> None:
    admin = Desk(desk.held, open_as(make_admin(owner)))
    assert "Reason of your change" in await admin.look()
    refused = await admin.accept(("whom", "high"))
    assert refused.status_code == 422
    assert "give a reason" in refused.text
    assert (await admin.accept(("whom", "high"), ("reason", "asked by the tutor"))).status_code == 303
    assert {source for _, source in desk.held.marks().values()} == {"admin_override"}


async def test_what_people_wrote_stays_text(desk: Desk) -> None:
    hostile = '"><script>alert(1)</script>'
    await desk.mark(desk.held.classroom.students[0].id, status="late", notes=hostile, reason=hostile)
    html = await desk.look()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html


async def test_a_class_in_a_room_is_locked_and_says_so(
    owner: Engine, redis: Redis, ports: Ports, visitor: Visitor, classroom: Classroom, open_as: Open
) -> None:
    held = hold(owner, redis, ports, visitor, classroom)
    change_session(owner, held.session_id, "mode = 'in_person'")
    held.end()
    html = await Desk(held, open_as(classroom.teacher)).look()
    assert "are locked when it has ended" in html
    assert "Please mark attendance manually" in html
    assert "<form" not in html.split("<main")[1].split("</main>")[0]


async def test_the_list_can_be_narrowed_to_whom_to_look_at(desk: Desk) -> None:
    there, half, _ = desk.held.classroom.students
    html = await desk.look("?show=look&page=999")
    assert f"p-{half.id}" in html
    assert f"p-{there.id}" not in html


async def test_the_day_leads_to_a_review_that_waits(desk: Desk) -> None:
    assert f'href="{desk.path}"' in (await desk.browser.get("/teach")).text
    await desk.accept(("whom", "all"))
    assert f'href="{desk.path}"' not in (await desk.browser.get("/teach")).text
