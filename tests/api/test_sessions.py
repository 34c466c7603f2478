"""Finding sessions: one, and pages of one's own (2-http-api 2.1)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, insert

from shared.domain.words import Role
from shared.ids import new_id
from shared.models import ParentLink, User
from tests.api.answers import good, refusal, wrong_fields
from tests.api.lecture import Lecture
from tests.api.test_opening import LIVE, MEMBERS
from tests.campus import Classroom, Person, Visitor

SESSIONS = "/api/v1/sessions"
MARCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
async def term(teacher: httpx.AsyncClient, classroom: Classroom) -> list[dict[str, Any]]:
    """Seven planned sessions, a day apart but for two at the very same time; newest first."""
    days = [0, 1, 2, 2, 3, 4, 5]
    made = []
    for day in days:
        start = (MARCH + timedelta(days=day)).isoformat()
        wanted = {**classroom.opening, "startNow": False, "scheduledStart": start}
        made.append(good(await teacher.post(LIVE, json=wanted), 201))
    return sorted(made, key=lambda session: (session["scheduledStart"], session["id"]), reverse=True)


async def ids(client: httpx.AsyncClient, **query: Any) -> list[str]:
    """The ids of one page."""
    return [item["id"] for item in good(await client.get(SESSIONS, params=query))["items"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 500])
async def test_pages_have_no_gap_and_nothing_twice(
    teacher: httpx.AsyncClient, term: list[dict[str, Any]], limit: int
) -> None:
    seen: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = good(await teacher.get(SESSIONS, params=query))
        assert page.keys() == {"items", "next"}
        assert len(page["items"]) <= limit
        seen += page["items"]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == term


async def test_a_session_made_while_paging_shifts_nothing(
    teacher: httpx.AsyncClient, classroom: Classroom, term: list[dict[str, Any]]
) -> None:
    page = good(await teacher.get(SESSIONS, params={"limit": 3}))
    later = {**classroom.opening, "startNow": False, "scheduledStart": "2026-06-01T09:00:00Z"}
    good(await teacher.post(LIVE, json=later), 201)
    rest = await ids(teacher, limit=500, cursor=page["next"])
    assert rest == [session["id"] for session in term[3:]]


async def test_a_page_holds_fifty_unless_asked(admin: httpx.AsyncClient) -> None:
    """The demo campus has more than fifty sessions, and admins see all of them."""
    page = good(await admin.get(SESSIONS))
    assert (len(page["items"]), bool(page["next"])) == (50, True)


async def test_sessions_are_found_by_status(teacher: httpx.AsyncClient, term: list[dict[str, Any]]) -> None:
    first = term[0]["id"]
    good(await teacher.post(f"{SESSIONS}/{first}/start"))
    assert await ids(teacher, status="active") == [first]
    assert first not in await ids(teacher, status="scheduled")
    assert await ids(teacher, status="completed") == []


async def test_sessions_are_found_by_start(teacher: httpx.AsyncClient, term: list[dict[str, Any]]) -> None:
    """from ≤ start < to."""
    found = await ids(teacher, **{"from": "2026-03-03T09:00:00Z", "to": "2026-03-05T09:00:00Z"})
    assert found == [session["id"] for session in term[3:6]]


async def test_sessions_are_found_by_course(
    admin: httpx.AsyncClient, classroom: Classroom, term: list[dict[str, Any]]
) -> None:
    assert await ids(admin, courseId=str(classroom.course_id)) == [session["id"] for session in term]
    assert await ids(admin, courseId=str(uuid4())) == []


async def test_everybody_finds_their_own(
    lecture: Lecture, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    assert await ids(lecture.teacher) == [lecture.id]
    assert await ids(lecture.student) == [lecture.id]
    assert await ids(other_teacher) == []
    assert await ids(stranger) == []
    assert lecture.id in await ids(admin)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "é\0"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "MjAyNi0wMy0wMlQwOTowMDowMCBhYmM"}, "cursor"),
        ({"status": "ended"}, "status"),
        ({"courseId": "x"}, "courseId"),
        ({"from": "yesterday"}, "from"),
        ({"from": "1772442000"}, "from"),
        ({"to": "2026-03-02T09:00:00"}, "to"),
        ({"to": "9999-12-31T23:59:59-23:59"}, "to"),
        ({"sort": "id; DROP TABLE users"}, "sort"),
    ],
)
async def test_a_wrong_query_names_its_field(teacher: httpx.AsyncClient, query: dict[str, Any], field: str) -> None:
    assert wrong_fields(await teacher.get(SESSIONS, params=query)) == {field}


async def test_every_wrong_part_of_a_query_is_named(teacher: httpx.AsyncClient) -> None:
    answer = await teacher.get(SESSIONS, params={"limit": 0, "status": "x", "courseId": "y"})
    assert wrong_fields(answer) == {"limit", "status", "courseId"}


# --- one session ------------------------------------------------------------------------------------------


async def test_participants_see_the_session_and_only_staff_the_code(lecture: Lecture, admin: httpx.AsyncClient) -> None:
    shown = good(await lecture.teacher.get(lecture.path))
    assert shown["qrCodeData"].startswith("HTTP://LOCALHOST:8000/C/")
    assert good(await admin.get(lecture.path))["qrCodeData"] == (await lecture.code())["qrCodeData"]
    seen = good(await lecture.student.get(lecture.path))
    assert seen.keys() == MEMBERS
    assert seen == {**shown, "qrCodeData": None}


async def test_lists_show_the_code_to_staff_only(lecture: Lecture) -> None:
    [shown] = good(await lecture.teacher.get(SESSIONS))["items"]
    [seen] = good(await lecture.student.get(SESSIONS))["items"]
    assert shown["qrCodeData"]
    assert seen["qrCodeData"] is None


async def test_a_hidden_code_is_not_in_the_session(lecture: Lecture) -> None:
    await lecture.set_code(visible=False)
    assert good(await lecture.teacher.get(lecture.path))["qrCodeData"] is None


async def test_others_and_the_unknown_look_the_same(
    lecture: Lecture, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    answers = [
        await other_teacher.get(lecture.path),
        await stranger.get(lecture.path),
        await lecture.teacher.get(f"{SESSIONS}/{uuid4()}"),
    ]
    assert {refusal(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.text for answer in answers}) == 1


async def test_a_parent_sees_the_childs_sessions_without_the_code(
    lecture: Lecture, visitor: Visitor, owner: Engine
) -> None:
    parent = Person(new_id(), Role.PARENT)
    row = {"id": parent.id, "email": f"{parent.id}@p.test", "first_name": "P", "last_name": "P", "role": "PARENT"}
    child = lecture.classroom.students[0].id
    with owner.begin() as connection:
        connection.execute(insert(User), [row])
        connection.execute(insert(ParentLink), [{"parent_id": parent.id, "student_id": child}])
    client = visitor.speaking_as(parent)
    assert await ids(client) == [lecture.id]
    assert good(await client.get(lecture.path))["qrCodeData"] is None
    assert refusal(await client.get(f"{lecture.path}/qr")) == (403, "forbidden")
    assert refusal(await lecture.check_in(client, token=await lecture.token())) == (403, "forbidden")


@pytest.mark.parametrize("path", ["x", "0", "%00", "..%2f", "é", "00000000-0000-0000-0000-00000000000g", "null"])
@pytest.mark.parametrize("rest", ["", "/qr", "/stats", "/qr.svg"])
async def test_a_malformed_id_is_404(teacher: httpx.AsyncClient, path: str, rest: str) -> None:
    assert refusal(await teacher.get(f"{SESSIONS}/{path}{rest}")) == (404, "not_found")
