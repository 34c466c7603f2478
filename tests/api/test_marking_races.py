"""Marking at once: one mark of one student, none after the end, and dashboards that hear of every change."""

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine, text

from shared.bus import MemoryPublisher
from shared.domain.words import Mark
from shared.messages.pushes import MarkChange, Marks, Stats
from tests.api.answers import good
from tests.api.lecture import Lecture, open_lecture
from tests.api.marked import BULK, MARK, changes_of, many, marked, marks_of, one, plain
from tests.campus import Visitor, make_classroom
from tests.workers.events import append, check_in
from workers.drain import drain
from workers.ports import Ports

ROUNDS = int(os.environ.get("MUSTER_TEST_ROUNDS", "40"))
"""Of end against mark; the contract asks for 1,000 (MUSTER_TEST_ROUNDS=1000)."""
END_SECONDS = 0.03
"""Some way into the end here; only what is tried meanwhile is a race."""
AT_ONCE = 200
"""Tries to mark one student."""


async def test_of_two_hundred_marks_of_one_student_one_is_made(
    lecture: Lecture, admin: httpx.AsyncClient, owner: Engine
) -> None:
    clients = [lecture.teacher, admin] * (AT_ONCE // 2)
    outcomes = await asyncio.gather(*(_insist(client, one(lecture)) for client in clients))
    assert Counter(outcomes) == {201: 1, 409: AT_ONCE - 1}
    assert marks_of(owner, lecture) == [("PRESENT", "manual")]
    assert changes_of(owner, lecture) == 1


async def _insist(client: httpx.AsyncClient, body: dict[str, Any]) -> int:
    """The status of a decision. A busy machine may be told to come again, as they all wait for one lock."""
    status = 503
    for _ in range(20):
        status = (await client.post(MARK, json=body)).status_code
        if status != 503:
            break
    return status


async def test_no_mark_is_written_after_the_end(visitor: Visitor, owner: Engine) -> None:
    """End against mark, bulk, update and delete, at any moment of the end."""
    late = text("""SELECT count(*) FROM attendance_status_changes c JOIN session_status_changes e
                   ON e.session_id = c.session_id AND e.new_status = 'completed'
                   WHERE c.session_id = :id AND (c.place > e.place OR c.changed_at > e.changed_at)""")
    outcomes: Counter[int] = Counter()
    chance = Random(1)
    for _ in range(ROUNDS):
        lecture = await open_lecture(visitor, make_classroom(owner))
        outcomes.update(await _end_against_marks(lecture, chance))
        with owner.connect() as connection:
            assert connection.execute(late, {"id": lecture.id}).scalar_one() == 0
    assert outcomes.keys() <= {200, 201, 204, 400, 403, 404, 409}
    assert min(outcomes[201], outcomes[400]) > ROUNDS // 5, "one of them always came first: nothing was tried"


async def _end_against_marks(lecture: Lecture, chance: Random) -> list[int]:
    """The statuses of everything but the end; each begins at its own moment while the end is under way."""
    old = f"/api/attendance/{(await marked(lecture))['id']}/"
    teacher = lecture.teacher

    async def later(request: Coroutine[Any, Any, httpx.Response]) -> int:
        await asyncio.sleep(chance.uniform(0, END_SECONDS))
        return (await request).status_code

    tries = [
        teacher.post(MARK, json=one(lecture, 1)),
        teacher.post(BULK, json={"session_id": lecture.id, "default_status": "ABSENT"}),
        teacher.put(old, json={"status": "LATE"}),
        teacher.post(MARK, json=many(lecture, "LATE", "LATE")),
        teacher.delete(old),
    ]
    ending = asyncio.create_task(lecture.end())
    answers = await asyncio.gather(*map(later, tries))
    await ending
    return answers


async def test_two_people_at_once_leave_one_of_their_marks(
    lecture: Lecture, admin: httpx.AsyncClient, owner: Engine
) -> None:
    """Whole bulks, in opposite orders: nothing waits for itself, and nobody gets half of each."""
    there = many(lecture, "PRESENT", "PRESENT", "PRESENT")
    gone = many(lecture, "ABSENT", "ABSENT", "ABSENT")
    gone["records"].reverse()
    for _ in range(10):
        pair = await asyncio.gather(lecture.teacher.post(MARK, json=there), admin.post(MARK, json=gone))
        assert [answer.status_code for answer in pair] == [201, 201]
        assert len(set(marks_of(owner, lecture))) == 1
    statistics = good(await admin.get(f"/api/attendance/session/{lecture.id}/"))["statistics"]
    assert (statistics["present"], statistics["absent"]) in ((3, 0), (0, 3))


async def test_a_mark_and_a_check_in_at_once_leave_the_persons_mark(
    lecture: Lecture, ports: Ports, redis: Redis, owner: Engine
) -> None:
    """Whichever comes first; the check-in is kept as evidence."""
    student = lecture.classroom.students[0]
    append(redis, check_in(UUID(lecture.id), student))
    drained, answer = await asyncio.gather(
        asyncio.to_thread(drain, ports), lecture.teacher.post(MARK, json=many(lecture, "ABSENT"))
    )
    assert (drained, answer.status_code) == (False, 201)
    assert marks_of(owner, lecture) == [("ABSENT", "manual")]


async def test_a_check_in_replaces_a_default_and_not_an_update_of_it(
    lecture: Lecture, ports: Ports, redis: Redis, owner: Engine
) -> None:
    good(await lecture.teacher.post(BULK, json={"session_id": lecture.id, "default_status": "ABSENT"}), 201)
    records = good(await lecture.teacher.get(f"/api/attendance/session/{lecture.id}/"))["records"]
    decided, noted = records[0], records[1]
    good(await lecture.teacher.put(f"/api/attendance/{decided['id']}/", json={"status": "EXCUSED"}))
    good(await lecture.teacher.put(f"/api/attendance/{noted['id']}/", json={"notes": "phone broken?"}))
    append(redis, *(check_in(UUID(lecture.id), student) for student in lecture.classroom.students))
    drain(ports)
    assert marks_of(owner, lecture) == [("EXCUSED", "manual"), *[("PRESENT", "qr_checkin")] * 2]


# --- news -----------------------------------------------------------------------------------------------


@pytest.fixture
def heard(ports: Ports) -> MemoryPublisher:
    """What a drain publishes; nothing is waiting when the test begins."""
    drain(ports)
    return MemoryPublisher()


async def test_dashboards_hear_of_every_mark(lecture: Lecture, ports: Ports, heard: MemoryPublisher) -> None:
    worker = replace(ports, publisher=heard)

    def news() -> tuple[list[tuple[UUID, str | None, str]], Stats]:
        drain(worker)
        said: list[Any] = [push.data for push in heard.published if str(push.session_id) == lecture.id]
        heard.published.clear()
        changes: list[MarkChange] = [change for data in said if isinstance(data, Marks) for change in data.changes]
        [stats] = [data for data in said if isinstance(data, Stats)]
        return [(change.student_id, change.status, change.source) for change in changes], stats

    first, *others = sorted(person.id for person in lecture.classroom.students)
    mark = await marked(lecture, student_id=str(first), status="LATE")
    assert news() == ([(first, "late", "manual")], Stats(1, 1, 0, 0, 2, 0, 33.3))
    good(await lecture.teacher.put(f"/api/attendance/{mark['id']}/", json={"status": "EXCUSED"}))
    assert news() == ([(first, "excused", "manual")], Stats(0, 0, 0, 1, 2, 0, 0.0))
    good(await lecture.teacher.post(BULK, json={"session_id": lecture.id, "default_status": Mark.ABSENT}), 201)
    assert news() == ([(each, "absent", "system_default") for each in others], Stats(0, 0, 2, 1, 0, 0, 0.0))
    assert (await lecture.teacher.delete(f"/api/attendance/{mark['id']}/")).status_code == 204
    assert news() == ([(first, None, "manual")], Stats(0, 0, 2, 0, 1, 0, 0.0))


async def test_a_refused_request_says_nothing(
    lecture: Lecture, ports: Ports, heard: MemoryPublisher, stranger_number: str
) -> None:
    body = many(lecture, "LATE", "LATE")
    body["records"].append({"student_id": stranger_number, "status": "LATE"})
    assert plain(await lecture.teacher.post(MARK, json=body))[0] == 400
    drain(replace(ports, publisher=heard))
    assert heard.published == []


@pytest.fixture
def stranger_number(owner: Engine) -> str:
    """The number of a student of another class."""
    return make_classroom(owner, 1).students[0].number
