"""The invented class on the stage, with a channel that numbers its pushes as the real one does."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.codeview import CodeView, view_code
from api.facts import SessionFacts
from api.pages.shapes import wire_time
from shared.domain.attendance import Tally
from shared.domain.codes import CodeFace
from shared.domain.words import Mode, SessionStatus

SESSION = UUID(int=0x0193_0000_0000_7000_8000_0000_0000_0001)
TOTAL = 30
ZONE = ZoneInfo("UTC")
SECRET = b"a secret of the stage, long enough"
NAMES = (
    "John Doe", "Amira Haddad", "Björn Åkesson", "Chidinma Okafor", "Diego Fernández", "Eszter Nagy", "Farid Rahimi",
    "Grace O’Connor", "Hiroshi Tanaka", "Ines Carvalho", "Jakub Wiśniewski", "Katarzyna Lewandowska-Zielińska",
    "Liam Byrne", "Mei Lin", "Noor van den Berg", "Olu Adeyemi", "Priya Raman", "Quentin Lefèvre", "Rosa Marchetti",
    "Sven Lindqvist", "Thandiwe Nkosi", "Umar Siddiqui", "Valentina Rossi", "William Chen", "Ximena Torres",
    "Yusuf Demir", "Zoë Papadopoulos", "Anna Kowalska", "Ben Mwangi", "Clara Schmidt",
)  # fmt: skip


def student_id(place: int) -> UUID:
    """The id of the student at a place of the list."""
    return UUID(int=0x1000 + place)


@dataclass
class World:
    """One running session, its channel, and the ropes."""

    status: str = "active"
    version: int = 0
    epoch: str = "first"
    visible: bool = True
    generation: int = 0
    rotate_seconds: int = 15
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=4))
    checked_in: list[dict[str, Any]] = field(default_factory=list)
    marks: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Marks by people and by default: status and source, by student."""
    history: list[dict[str, Any]] = field(default_factory=list)
    sockets_allowed: bool = True
    close_with: int | None = None
    """A code with which every socket is closed at once."""
    throw_out: int | None = None
    """A code with which every socket is closed as soon as it follows."""
    reported: list[str] = field(default_factory=list)
    """Activities and reports of presence, in order."""
    mark_refusals: int = 0
    """How many marks the API refuses."""
    goodbye: asyncio.Event = field(default_factory=asyncio.Event)
    refusals: int = 0
    """How many SUBSCRIBEs the gateway cannot answer just now."""
    api_up: bool = True
    answers: list[int] = field(default_factory=list)
    located: list[Any] = field(default_factory=list)
    """The location that came with each try to check in."""
    call_closes: str | None = None
    """Until when a call to confirm is open."""
    confirmed: int = 0
    export: str = "waiting"
    exported: int = 0

    def code(self) -> CodeView:
        """The code that is shown now."""
        face = CodeFace(7, self.generation, self.began, self.rotate_seconds, self.visible)
        facts = SessionFacts(
            id=SESSION,
            status=SessionStatus.ACTIVE,
            mode=Mode.IN_PERSON,
            teacher_id=UUID(int=1),
            class_name="TEST101 Section A",
            room="R 12",
            scheduled_start=None,
            start=self.began,
            late_after_minutes=5.0,
            face=face,
            students=frozenset(),
        )
        return view_code(SECRET, "https://muster.example.edu", facts, datetime.now(UTC))

    def tally(self) -> Tally:
        """The counters."""
        words = [status for status, _ in self.marked().values()]
        count = words.count
        return Tally(TOTAL, count("present"), count("late"), count("absent"), count("excused"), 0)

    def marked(self) -> dict[str, tuple[str, str]]:
        """Everybody's mark: a check-in replaces a default, and never what a person has marked."""
        found = {entry["studentId"]: (entry["status"], "qr_checkin") for entry in self.checked_in}
        kept = {id_: mark for id_, mark in self.marks.items() if mark[1] != "system_default" or id_ not in found}
        return {**found, **kept}

    def roll(self) -> dict[str, Any]:
        """The roll, as the live page reads it."""
        nobody = (None, None)
        marked = self.marked()
        return {
            "students": [
                {"id": id_, "number": f"S{12345 + place}", "name": NAMES[place], "status": status, "source": source}
                for place in range(TOTAL)
                for id_ in [str(student_id(place))]
                for status, source in [marked.get(id_, nobody)]
            ]
        }

    def mark(self, students: list[str], status: str | None, source: str = "manual") -> list[dict[str, Any]]:
        """A person marks these students, or takes their marks away; the frames that tell it."""
        for student in students:
            if status is None:
                self.marks.pop(student, None)
            else:
                self.marks[student] = (status, source)
        now = wire_time(datetime.now(UTC))
        changes = [{"studentId": each, "status": status, "source": source, "markedAt": now} for each in students]
        return [self.push("MARK", {"changes": changes}), self.push("STATS_UPDATE", self.counters())]

    def stats(self) -> dict[str, Any]:
        """A snapshot, as ``/stats`` gives it."""
        newest = sorted(self.checked_in, key=lambda entry: entry["timestamp"], reverse=True)
        counters = self.counters()
        base = {"sessionId": str(SESSION), "status": self.status, "totalStudents": TOTAL}
        position = {"version": self.version, "epoch": self.epoch}
        return {**base, **counters, "recentCheckins": newest[:20], "flags": [], **position}

    def counters(self) -> dict[str, Any]:
        """The counters, as a STATS_UPDATE has them."""
        tally = self.tally()
        return {
            "presentStudents": tally.present + tally.late,
            "lateStudents": tally.late,
            "absentStudents": tally.absent,
            "excusedStudents": tally.excused,
            "notMarked": tally.not_marked,
            "connectedCount": 0,
            "attendanceRate": tally.rate,
        }

    def timeline(self) -> list[dict[str, Any]]:
        """The minutes since the beginning: everybody checked in at once in the second."""
        return [
            {
                "start": wire_time(self.began + timedelta(minutes=minute)),
                "checkIns": len(self.checked_in) if minute == 1 else 0,
                "connected": min(minute, len(self.checked_in)),
            }
            for minute in range(5)
        ]

    def check_in(self, count: int, *, late: bool = False) -> list[dict[str, Any]]:
        """That many more students check in; the frames that tell it."""
        now = datetime.now(UTC)
        arrived = []
        for step in range(count):
            place = len(self.checked_in)
            arrived.append(
                {
                    "sessionId": str(SESSION),
                    "studentId": str(student_id(place)),
                    "studentNumber": f"S{12345 + place}",
                    "studentName": NAMES[place],
                    "timestamp": wire_time(now + timedelta(milliseconds=step)),
                    "status": "late" if late else "present",
                    "checkInLocation": None,
                }
            )
            self.checked_in.append(arrived[-1])
        return [self.push("CHECK_IN", {"checkIns": arrived}), self.push("STATS_UPDATE", self.counters())]

    def become(self, status: str) -> dict[str, Any]:
        """The session starts or ends; the frame that tells it."""
        before, self.status = self.status, status
        return self.push("SESSION_STATUS", {"oldStatus": before, "newStatus": status, "reason": None})

    def call(self, seconds: float) -> dict[str, Any]:
        """Somebody is asked to confirm; the frame that tells it."""
        self.call_closes = wire_time(datetime.now(UTC) + timedelta(seconds=seconds))
        self.generation += 1
        [asked] = self.calls()
        told = {name: asked[name] for name in ("kind", "closesAt", "asked", "byRule")}
        return self.push("CALL", {**told, "callId": "1", "generation": self.generation})

    def calls(self) -> list[dict[str, Any]]:
        """The one call, if there was one: the session's rule asked twelve."""
        asked = {"id": "1", "kind": "recheck", "byRule": True, "asked": 12, "confirmed": self.confirmed}
        return [{**asked, "closesAt": self.call_closes}] if self.call_closes else []

    def confirm(self, count: int) -> dict[str, Any]:
        """That many more answer; the frame that tells it."""
        self.confirmed += count
        return self.push("CONFIRMED", {"callId": "1", "studentIds": [], "confirmed": self.confirmed})

    def push(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        """Number a push and keep it."""
        self.version += 1
        payload = {"sessionId": str(SESSION), "timestamp": wire_time(datetime.now(UTC)), "data": data}
        frame = {"type": kind, "payload": {**payload, "version": self.version, "epoch": self.epoch}}
        self.history.append(frame)
        return frame
