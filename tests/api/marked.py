"""Marks by hand, for tests: requests of the marking family and how to read its answers."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Engine

from tests.api.answers import good
from tests.api.lecture import Lecture
from tests.workers.events import count, marks

MARK, BULK = "/api/attendance/mark/", "/api/attendance/bulk-mark/"


def one(lecture: Lecture, place: int = 0, **more: Any) -> dict[str, Any]:
    """A mark of one student, by number."""
    number = lecture.classroom.students[place].number
    return {"session_id": lecture.id, "student_id": number, "status": "PRESENT", **more}


def many(lecture: Lecture, *statuses: str) -> dict[str, Any]:
    """Marks of the first students, by UUID."""
    students = lecture.classroom.students[: len(statuses)]
    records = [{"student_id": str(each.id), "status": status} for each, status in zip(students, statuses, strict=True)]
    return {"session_id": lecture.id, "records": records}


def plain(answer: httpx.Response) -> tuple[int, Any]:
    """Status and body of this family's errors."""
    assert answer.headers["content-type"] == "application/json", answer.text[:500]
    return answer.status_code, answer.json()


async def marked(lecture: Lecture, place: int = 0, **more: Any) -> dict[str, Any]:
    """A fresh mark."""
    answer = good(await lecture.teacher.post(MARK, json=one(lecture, place, **more)), 201)
    found: dict[str, Any] = answer["attendance"]
    return found


def marks_of(owner: Engine, lecture: Lecture) -> list[tuple[str, str]]:
    """Status and source of every mark of a lecture, sorted."""
    return sorted(marks(owner, UUID(lecture.id)))


def changes_of(owner: Engine, lecture: Lecture) -> int:
    """How many changes of marks its history knows."""
    return count(owner, "attendance_status_changes", UUID(lecture.id))
