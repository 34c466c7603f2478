"""Two classes with everything that a path can name, and everybody who may ask for it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Engine, insert, text

from shared.domain.words import Role
from shared.ids import new_id
from shared.models import ParentLink, User
from tests.api.lecture import Lecture, open_lecture
from tests.campus import Person, Visitor, make_classroom


@dataclass(frozen=True)
class Room:
    """A running session with a mark of its first student, an export of its teacher, and that student's parent."""

    lecture: Lecture
    parent: Person
    record_id: UUID
    export_id: UUID

    def person(self, role: Role) -> Person:
        """Who has a part in this class."""
        room = self.lecture.classroom
        return {Role.TEACHER: room.teacher, Role.STUDENT: room.students[0], Role.PARENT: self.parent}[role]

    @property
    def ids(self) -> dict[str, str]:
        """What a path can name."""
        room = self.lecture.classroom
        return {
            "session_id": self.lecture.id,
            "course_id": str(room.course_id),
            "group_id": str(room.group_id),
            "student_id": str(room.students[0].id),
            "record_id": str(self.record_id),
            "export_id": str(self.export_id),
        }


NOTHING = {
    **{name: str(uuid4()) for name in ("session_id", "course_id", "group_id", "student_id", "record_id", "export_id")},
    "token": "0" * 32,
}
"""What nobody has."""

_MARK = text("""INSERT INTO attendance_records (id, session_id, student_id, status, source, marked_by)
                VALUES (:id, :session, :student, 'LATE', 'manual', :me)""")
_EXPORT = text("""INSERT INTO exports (id, session_id, requested_by, format, rows_total, expires_at)
                  VALUES (:id, :session, :me, 'csv', 3, now() + interval '1 h')""")


async def make_room(owner: Engine, visitor: Visitor) -> Room:
    """A class of its own."""
    classroom = make_classroom(owner)
    lecture = await open_lecture(visitor, classroom)
    parent = Person(new_id(), Role.PARENT)
    record_id, export_id, me = new_id(), new_id(), classroom.teacher.id
    user = {"id": parent.id, "email": f"{parent.id}@test", "first_name": "P", "last_name": "P", "role": "PARENT"}
    with owner.begin() as connection:
        connection.execute(insert(User), [user])
        child = classroom.students[0].id
        connection.execute(insert(ParentLink), [{"parent_id": parent.id, "student_id": child}])
        connection.execute(_MARK, {"id": record_id, "session": lecture.id, "student": child, "me": me})
        connection.execute(_EXPORT, {"id": export_id, "session": lecture.id, "me": me})
    return Room(lecture, parent, record_id, export_id)


def body_of(name: str, room: Room, ids: dict[str, str]) -> dict[str, Any]:
    """A body or form that is right, about what these ids name; empty where the route takes none."""
    unmarked = str(room.lecture.classroom.students[1].id)
    student = ids["student_id"] if ids is NOTHING else unmarked
    token = {"token": ids.get("token")}
    lesson = {"courseId": ids["course_id"], "groupId": ids["group_id"], "sessionType": "lab"}
    bodies: dict[str, dict[str, Any]] = {
        "create_check_in": token,
        "create_check_in_ticket": token,
        "create_live_session": {**lesson, "startNow": False},
        "create_confirmation": token,
        "mark_attendance": {"session_id": ids["session_id"], "student_id": student, "status": "LATE"},
        "bulk_mark_attendance": {"session_id": ids["session_id"], "default_status": "ABSENT"},
        "log_in": {"email": f"{uuid4()}@matrix.test", "password": "x"},
        "check_in_tap": {"ticket": "x"},
        "check_in_code": {"code": "x"},
        "start_class": {"group": ids["group_id"]},
        "roll_mark": {"student": student, "status": "late"},
        "family_report": {"child": ids["student_id"], "status": "absent", "note": "ill"},
    }
    return bodies.get(name, {})


def speak(visitor: Visitor, person: Person | None, page: bool) -> httpx.AsyncClient:
    """Somebody who asks; a page takes the token from its cookie."""
    if person is None:
        return visitor.anonymous()
    client = visitor.speaking_as(person)
    if page:
        client.cookies.set("muster_token", client.headers.pop("authorization").removeprefix("Bearer "))
    return client
