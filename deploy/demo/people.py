"""The people of the demo campus, their courses and groups."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert

from shared.ids import new_id
from shared.models import Course, Credential, Enrolment, Group, ParentLink, Student, User
from shared.passwords import hash_password

FIRST_NAMES = (
    "Amina", "Ben", "Chiara", "Deniz", "Elif", "Farid", "Greta", "Hana", "Ivan", "Jonas", "Kaya", "Lena",
    "Mateo", "Nora", "Omar", "Priya", "Quinn", "Rosa", "Samir", "Tara", "Ugo", "Vera", "Wen", "Ximena",
    "Yusuf", "Zoe", "Anna", "Boris", "Clara",
)  # fmt: skip
LAST_NAMES = (
    "Abebe", "Berg", "Costa", "Dogan", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Kowalski",
    "Larsen", "Moreno", "Novak", "Okafor", "Patel", "Qureshi", "Rossi", "Silva", "Tanaka", "Urban", "Vogel",
    "Weber", "Xu", "Yilmaz", "Zhang", "Adler", "Brandt", "Cohen",
)  # fmt: skip
ENROLLED_WEEKS = 12


@dataclass
class Campus:
    """Ids of what was made, by the names the demo uses."""

    people: dict[str, UUID] = field(default_factory=dict)
    numbers: dict[str, UUID] = field(default_factory=dict)
    courses: dict[str, UUID] = field(default_factory=dict)
    groups: dict[str, UUID] = field(default_factory=dict)

    def students(self, class_name: str) -> list[UUID]:
        """The students of a class, by number."""
        if class_name == "TEST101 Section A":
            return [self.numbers[f"S{number}"] for number in range(12345, 12375)]
        return [self.numbers["S12345" if class_name == "MATH201 Tutorial" else "S99999"]]


def load_people(connection: Connection, password: str, now: datetime) -> Campus:
    """Everybody, with one password for all."""
    campus = Campus()
    users = [
        _user(campus, "admin@campus.test", "Ada", "Admin", "ADMIN"),
        _user(campus, "teacher@campus.test", "Test", "Teacher", "TEACHER"),
        _user(campus, "other@campus.test", "Other", "Teacher", "TEACHER"),
        _user(campus, "parent@campus.test", "Pat", "Parent", "PARENT"),
        _student(campus, "S12345", "John", "Doe"),
        *(
            _student(campus, f"S{12346 + place}", first, last)
            for place, (first, last) in enumerate(zip(FIRST_NAMES, LAST_NAMES, strict=True))
        ),
        _student(campus, "S99999", "Sam", "Stranger"),
    ]
    hashed = hash_password(password)
    connection.execute(insert(User), users)
    connection.execute(insert(Credential), [{"user_id": user["id"], "password_hash": hashed} for user in users])
    numbers = [{"user_id": user_id, "student_number": number} for number, user_id in campus.numbers.items()]
    connection.execute(insert(Student), numbers)
    child = {"parent_id": campus.people["parent@campus.test"], "student_id": campus.numbers["S12345"]}
    connection.execute(insert(ParentLink), [child])
    _load_courses(connection, campus, now)
    return campus


def _load_courses(connection: Connection, campus: Campus, now: datetime) -> None:
    since = (now - timedelta(weeks=ENROLLED_WEEKS)).date()
    for code, title, teacher, section in (
        ("TEST101", "Introduction to Testing", "teacher@campus.test", "Section A"),
        ("TEST102", "Testing in Practice", "other@campus.test", "Section A"),
        ("MATH201", "Algebra", "teacher@campus.test", "Tutorial"),
    ):
        course, group, class_name = new_id(), new_id(), f"{code} {section}"
        campus.courses[code], campus.groups[class_name] = course, group
        row = {"id": course, "subject_code": code, "title": title, "teacher_id": campus.people[teacher]}
        connection.execute(insert(Course), [row])
        connection.execute(insert(Group), [{"id": group, "course_id": course, "name": section}])
        rows = [
            {"id": new_id(), "group_id": group, "student_id": student, "valid_from": since}
            for student in campus.students(class_name)
        ]
        connection.execute(insert(Enrolment), rows)


def _user(campus: Campus, email: str, first: str, last: str, role: str) -> dict[str, Any]:
    campus.people[email] = new_id()
    return {"id": campus.people[email], "email": email, "first_name": first, "last_name": last, "role": role}


def _student(campus: Campus, number: str, first: str, last: str) -> dict[str, Any]:
    row = _user(campus, f"{number.lower()}@campus.test", first, last, "STUDENT")
    campus.numbers[number] = row["id"]
    return row
