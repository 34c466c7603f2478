"""Every word on a page can be translated: shown by a language in which each string stands in brackets."""

import re
from dataclasses import replace
from gettext import NullTranslations
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from api.pages.honesty import Flagged, FlagLine
from api.pages.meetings import Invitation, Meeting, Phase, Stay
from api.pages.record import CourseRate, Record, RecordLine
from api.pages.rendering import render
from api.pages.review_table import Line, Selection, Table
from api.pages.roll import Entry
from api.pages.shapes import (
    About,
    Answer,
    Asked,
    CallShown,
    ChangeLine,
    Child,
    Counts,
    GroupRow,
    LiveView,
    OpenCall,
    Person,
    ReviewView,
    Scan,
    SessionCard,
    TimelineRow,
    TimelineShown,
)
from api.pages.strips import Bar, Strip
from api.pages.texts import Language
from api.tutoring import MetricsView, SuggestedView
from shared.domain.attendance import Tally
from shared.domain.marking import Closed
from shared.domain.refusals import Code
from shared.domain.words import FlagKind, Role, Source, UserType

ID = UUID(int=1)
DATA = "§"
"""Marks what comes from the database, so that it is not taken for a text."""
SPOKEN = ("aria-label", "alt", "placeholder", "title")


class Brackets(NullTranslations):
    """A language that marks what it was asked to translate."""

    def gettext(self, message: str) -> str:
        """In brackets."""
        return f"[{message}]"

    def pgettext(self, context: str, message: str) -> str:
        """In brackets."""
        return f"[{message}]"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """In brackets."""
        return f"[{msgid1 if n == 1 else msgid2}]"


BRACKETS = Language("en", "English", translations=Brackets())


class Words(HTMLParser):
    """Collects texts and spoken attributes that no translation touched. What says its own language needs none."""

    def __init__(self) -> None:
        super().__init__()
        self.untouched: list[str] = []
        self._is_foreign = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at what is read out, and at the texts for scripts."""
        self._is_foreign = tag != "html" and "lang" in dict(attrs)
        for name, value in attrs:
            sentence = name.startswith("data-") and " " in (value or "").strip()
            if value and (name in SPOKEN or sentence):
                self._judge(value)

    def handle_data(self, data: str) -> None:
        """Look at a text node."""
        if not self._is_foreign:
            self._judge(data)

    def handle_endtag(self, _tag: str) -> None:
        """What says its own language has nothing else in it."""
        self._is_foreign = False

    def _judge(self, text: str) -> None:
        rest = re.sub(rf"\[[^\]]*\]|{DATA}[^{DATA}]*{DATA}|Muster", "", text)
        if re.search(r"[^\W\d_]{2,}", rest):
            self.untouched.append(text.strip())


def data(text: str) -> str:
    """A value from the database."""
    return f"{DATA}{text}{DATA}"


TEACHER = Person(data("Teacher"), Role.TEACHER)
STUDENT = Person(data("Student"), Role.STUDENT, data("S1"))
COUNTS = Counts.of(Tally(30, 20, 2, 3, 1))
CARDS = [
    SessionCard(ID, data("class"), None, status, data("day"), "09:00", "10:00", COUNTS, True, 2, list(Source))
    for status in ("scheduled", "active", "completed", "cancelled")
]
GROUPS = [GroupRow(ID, data("class"), data("title"), 1, active, None) for active in (None, ID)]
MEETING = Meeting(
    ID, data("class"), data("room"), data("tutor"), "09:00", "10:00", Phase.OPEN, UserType.STUDENT, None, None,
    (Stay("09:02", "09:30"), Stay("09:40", "09:40")), 28.0, None, None,
)  # fmt: skip
SUGGESTED = SuggestedView(
    user_id=ID, name=data("name"), user_type="tutor", status_suggestion="late", confidence="low",
    metrics=MetricsView(lateness_minutes=1, engagement_percentage=50, active_minutes=30), reasons=[data("why")],
    current_status=None, current_source=None,
)  # fmt: skip
LINE = Line(
    SUGGESTED, None, Strip(Bar(0, 1000), [Bar(0, 500)], 80), [Stay("09:02", "09:30")] * 10, [(data("draw"), 2)],
    data("note"), data("by"), True, ("absent", "high"),
)  # fmt: skip
LINES = [LINE, replace(LINE, stays=(), before=("-", "-"))] + [
    replace(LINE, person=SUGGESTED.model_copy(update={"current_status": "late", "current_source": source}))
    for source in Source
]
REVIEW = Table(LINES, Selection(), 2, ("09:00", "09:05", "10:00"), 4, 2, 2, 1, 1, 1)
STRIP = Strip(Bar(0, 1000), [Bar(0, 500)], 80)
SESSION_LINE = RecordLine(
    ID, ID, data("class"), data("day"), "09:00", "online", None, "late", "manual", data("note"), data("by"), "09:02",
    STRIP, [Stay("09:02", "09:30")] * 10, 28.0, data("teacher"), "§mail§", True,
)  # fmt: skip
NUMBERS = {"present": 1, "absent": 1, "late": 1, "excused": 1, "attendance_rate": 50.0}
RECORD = Record(
    SimpleNamespace(statistics=SimpleNamespace(total_sessions=4, **NUMBERS)),  # type: ignore[arg-type]
    [CourseRate(data("code"), data("title"), 2, 50.0)] * 2,
    [SESSION_LINE, replace(SESSION_LINE, status=None, source=None, stays=(), strip=None, scanned=None)],
    "cursor",
)
EMPTY = replace(RECORD, history=SimpleNamespace(statistics=SimpleNamespace(total_sessions=0)), lines=[])  # type: ignore[arg-type]
IN_ROOM = {"session": SimpleNamespace(id=ID, class_name=data("class"), room=data("room"), mode="in_person")}
ENTRY = Entry(ID, data("number"), data("name"), None, None)
ROLL = [replace(ENTRY, status="late", source=source) for source in Source] + [ENTRY]
CHANGE = ChangeLine("late", None, "manual", data("reason"), data("by"), data("day"), "09:00")
CHILD = Child(ID, data("name"), data("number"))
FENCE = SimpleNamespace(latitude=1.0, longitude=1.0, radius_meters=100.0)
CALLED = {
    "recheck": SimpleNamespace(share=0.33, seconds=60),
    "exit_check": SimpleNamespace(share=1, minutes_before=5, seconds=120),
}
RULES = [
    SimpleNamespace(geofence=FENCE, check_in_rules=SimpleNamespace(geofence="flag", device="refuse", **CALLED)),
    SimpleNamespace(
        geofence=None, check_in_rules=SimpleNamespace(geofence="refuse", device="flag", recheck=None, exit_check=None)
    ),
]
FLAGS = [Flagged(data("name"), data("number"), [FlagLine(kind, data("detail"), "09:00") for kind in FlagKind])]
MADE = {"time": "09:00", "until": "09:02", "asked": 3, "confirmed": 1, "missing": [(data("name"), data("number"))]}
HONEST = {
    "session": SimpleNamespace(id=ID, class_name=data("class"), room=None, status="active", scheduled_end=None),
    "calls": [{**MADE, "kind": "exit", "by_rule": True, "open": True}],
    "flagged": FLAGS,
    "wrong": [data("field")],
}
EXPORTED = {"url": "/", "path": "/", "format": "csv", "rows": 1, "total": 2, "until": "09:00"}
STATES = (("waiting", False), ("waiting", True), ("done", False), ("failed", False))
EXPORTS = [None, *({**EXPORTED, "status": status, "late": late} for status, late in STATES)]
ASKED = Asked(ID, data("class"), "09:32")
SCAN = Scan("t", ID, data("class"), data("room"), "09:02", 100)
COUNTERS = ("presentStudents", "lateStudents", "absentStudents", "excusedStudents", "notMarked")
STATS = {"totalStudents": 30, **dict.fromkeys(COUNTERS, 1)}
CODE = {"visible": True, "step": 1, "expiresAt": "", "rotateSeconds": 15, "shortCode": "00000000", "secondsLeft": 9}
TIMELINE = TimelineShown(60, [TimelineRow("09:00", "", 2, 1)])
SHARED: dict[str, Any] = {
    "roll": ROLL, "found": 9, "wanted": "", "undo": ENTRY, "was": "late",
    "record": RECORD, "changes": [CHANGE], "child": CHILD, "children": [CHILD, CHILD], "reported": True,
    "person": TEACHER, "zone": ZoneInfo("UTC"), "notice": None, "refused": None,
    "scan": SCAN, "error": None, "email": "", "next": "/",
    "today": data("today"), "sessions": CARDS, "groups": GROUPS, "history": CARDS, "stats": STATS, "snapshot": "{}",
    "recent": [], "code": CODE, "call": None, "about": None, "timeline": TIMELINE, "unmarked": 2, "typed": "",
    "checkin_address": data("address"), "code_refused": None,
    "session": ReviewView(ID, data("class"), "completed", "online", data("day"), "09:00", "10:00"), "table": REVIEW,
    "view": SimpleNamespace(overall_recommendation=data("advice"), provisional=True, suggestion_version=1),
    "closed": None, "needs_reason": True, "saved": True,
    "meeting": MEETING, "left": False, "noted": True,
    "online": [Invitation(ID, data("class"), "active", "09:00")], "ticket": "", "asked": None,
    "hours": 24, "back": "/", "title": data("title"), "what_to_do": data("what"),
}  # fmt: skip


def live(status: str) -> dict[str, Any]:
    """A session of the live page."""
    return {"session": LiveView(ID, data("class"), data("room"), status, "c", "09:00", "09:00", None)}


PAGES: list[tuple[str, dict[str, Any]]] = [
    ("login.html", {}),
    ("problem.html", {}),
    ("teach/index.html", {}),
    ("teach/index.html", {"sessions": [], "groups": [], "history": []}),
    *(("teach/live.html", live(status)) for status in ("scheduled", "active", "completed")),
    ("teach/live.html", {**live("active"), "call": CallShown(True, 12, 3, "09:32", "{}")}),
    *(("teach/honesty.html", {**HONEST, "rules": rules}) for rules in RULES),
    *(
        ("teach/honesty.html", {**HONEST, "rules": RULES[0], "calls": [], "flagged": [], "refused": code})
        for code in ("call_open", "nobody_to_ask", "session_not_active", "x")
    ),
    *(("teach/export.html", {**IN_ROOM, "export": export}) for export in EXPORTS),
    *(("teach/projector.html", live(status)) for status in ("scheduled", "completed", "cancelled")),
    ("teach/projector.html", {**live("active"), "call": OpenCall("recheck", "09:32", "")}),
    *(("teach/ask.html", {**live("active"), "ask": ask}) for ask in ("end", "cancel")),
    ("checkin/confirm.html", {"person": STUDENT}),
    ("checkin/confirm.html", {"person": STUDENT, "scan": replace(SCAN, asks_place=True)}),
    ("checkin/refused.html", {"code": "too_early", "about": About(data("class"), data("room"), "09:00")}),
    ("checkin/refused.html", {"code": "over"}),
    ("checkin/typed.html", {"person": None, "code_refused": "code_invalid", "asked": [ASKED]}),
    ("join/meeting.html", {"asked": ASKED}),
    *(("join/meeting.html", {"meeting": replace(MEETING, phase=phase)}) for phase in Phase),
    ("join/meeting.html", {"meeting": replace(MEETING, phase=Phase.EARLY, opens="08:45")}),
    ("join/meeting.html", {"left": True}),
    ("join/meeting.html", {"refused": True}),
    *(("teach/roll.html", {**IN_ROOM, "closed": closed, "undo": None}) for closed in (*Closed, None)),
    *(
        ("teach/roll.html", {**IN_ROOM, "refused": code})
        for code in ("session_locked", "not_enrolled", "forbidden", "x")
    ),
    ("teach/roll.html", {**IN_ROOM, "roll": []}),
    *(("record/me.html", {"record": record}) for record in (RECORD, EMPTY)),
    *(("record/family.html", {"refused": refused}) for refused in (None, "forbidden", "validation_failed", "x")),
    ("record/family.html", {"child": None, "children": []}),
    ("record/changes.html", {}),
    *(("teach/review.html", {"refused": refused}) for refused in (None, "suggestion_changed", "no_suggestion", "x")),
    *(("teach/review.html", {"closed": closed}) for closed in (*Closed, None)),
    ("teach/review.html", {"table": replace(REVIEW, lines=())}),
    *(
        ("checkin/result.html", {"answer": Answer("late", "09:02", data("c"), data("r"), again)})
        for again in (True, False)
    ),
    *(("checkin/refused.html", {"code": code.value}) for code in Code),
]


@pytest.mark.parametrize(("template", "values"), PAGES)
def test_every_word_can_be_translated(template: str, values: dict[str, Any]) -> None:
    """Texts, what is read out, and the texts that scripts use."""
    words = Words()
    words.feed(render(template, {**SHARED, **values}, BRACKETS))
    assert words.untouched == []


def test_what_people_typed_stays_text() -> None:
    """A class called like a script is shown, not run."""
    hostile = "<script>alert(1)</script>"
    html = render(
        "teach/live.html", {**SHARED, "session": LiveView(ID, hostile, hostile, "active", "c", None, None, None)}
    )
    assert hostile not in html
    assert "&lt;script&gt;" in html
