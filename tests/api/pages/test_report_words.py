"""Every word of the reports' pages can be translated, in every state."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from api.fields import CamelView
from api.pages.rendering import render
from api.pages.reports import TABS, Found
from api.pages.shapes import Person
from api.pages.trend import draw
from api.reports.views import AgreementRow, CourseRow, StudentRow, TeacherRow, WeekRow
from api.views import CourseView
from shared.domain.words import Role
from tests.api.pages.test_texts import BRACKETS, Words, data

ID = UUID(int=1)
TREND, COURSES, STUDENTS, TUTORS, AGREEMENT = TABS
MARKS: dict[str, Any] = {"present": 1, "late": 1, "absent": 1, "excused": 1, "attendance_rate": 50.0}
COUNTED: dict[str, Any] = {**MARKS, "sessions": 1, "enrolled": 5, "not_marked": 1}
NAME = {"first_name": data("first"), "last_name": data("last")}
COURSE: dict[str, Any] = {**COUNTED, "course_id": ID, "subject_code": data("code")}
MEASURED = (
    "average_active_minutes", "average_engagement", "students_average_active_minutes", "students_average_engagement",
)  # fmt: skip
WEEKS = [WeekRow(week=date(2026, 3, day), **COUNTED) for day in (2, 9)]
ROWS: list[tuple[Any, list[CamelView]]] = [
    (TREND, [*WEEKS]),
    (COURSES, [CourseRow(**COURSE, group_id=group, group_name=group and data("group")) for group in (None, ID)]),
    (
        STUDENTS,
        [StudentRow(**NAME, **MARKS, student_id=ID, student_number=data("S1"), total_sessions=4, active_minutes=9.5)],
    ),
    (
        TUTORS,
        [
            TeacherRow(**NAME, **COUNTED, teacher_id=ID, **dict.fromkeys(MEASURED, measured))
            for measured in (50.0, None)
        ],
    ),
    (
        AGREEMENT,
        [
            AgreementRow(
                course_id=ID, subject_code=code, confidence=confidence, decided=2, agreed=1, agreement=50.0
            )
            for code in (None, data("code"))
            for confidence in ("high", "medium", "low")
        ],
    ),
]  # fmt: skip
ALL = {"typed": {}, "kept": ""}
CHOSEN = {"typed": {"courseId": "x", "cursor": "x"}, "kept": "courseId=x"}
WRONG = Found(wrong=["from", "to", "courseId", "cursor"])
STATES = [
    *((role, tab, Found(rows, "next"), chosen) for role in Role for tab, rows in ROWS for chosen in (ALL, CHOSEN)),
    *((Role.TEACHER, tab, found, ALL) for tab in TABS for found in (Found(), WRONG)),
    (Role.TEACHER, TREND, Found(WEEKS), ALL),
]


@pytest.mark.parametrize(("role", "tab", "found", "chosen"), STATES)
def test_every_word_can_be_translated(role: Role, tab: Any, found: Found, chosen: dict[str, Any]) -> None:
    """With rows, without, with a wrong choice; further pages; all weeks on one page."""
    course = CourseView(id=ID, subject_code=data("code"), title=data("title"), teacher_id=ID, groups=[])
    values: dict[str, Any] = {
        "person": Person(data("name"), role), "tab": tab, "tabs": TABS, "courses": [course], "found": found,
        "trend": draw([row for row in found.rows if isinstance(row, WeekRow)], BRACKETS.translations.gettext),
        "day": lambda _: data("day"), **chosen,
    }  # fmt: skip
    words = Words()
    words.feed(render("reports/index.html", values, BRACKETS))
    assert words.untouched == []
