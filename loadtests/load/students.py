"""Students: who arrives, who stays by socket, who only speaks HTTP, who is thrown out and comes back."""

from typing import Any

import gevent
from locust import task

from loadtests.load.people import MOST_TRIES, CampusUser
from loadtests.load.sockets import Lost, RoomSocket
from loadtests.load.traffic import (
    ACTIVITY_SECONDS,
    BEAT_SECONDS,
    CONFIRM_SECONDS,
    LESSON_SECONDS,
    RECONNECT_SECONDS,
)

QR = "/api/v1/sessions/{id}/qr"
TICKETS = "/api/v1/checkin/tickets"
ATTENDANCE = "/api/v1/sessions/{id}/attendance"
ROOM = "/ws/sessions/{id}"
WHITEBOARD = "/api/whiteboard/sessions/{id}"


class Student(CampusUser):
    """Somebody enrolled in one of the running sessions."""

    abstract = True

    def on_start(self) -> None:
        """Be one of the prepared students."""
        self.meeting, self.student_id, self.token = self.campus.next_student()

    def check_in(self) -> None:
        """Open the link on the screen, read, confirm; once more with a fresh code where it failed."""
        for _ in range(MOST_TRIES):
            code = self.campus.screens.code(self.meeting, self._look_at_the_screen)
            ticket = code and self.ask("POST", TICKETS, self.token, TICKETS, {"token": code})
            if ticket:
                self.wait_between(CONFIRM_SECONDS)
                if self._confirm(ticket["ticket"]):
                    return
            self.wait_between((0.5, 2.0))

    def _look_at_the_screen(self) -> Any:
        return self.ask("GET", f"/api/v1/sessions/{self.meeting.id}/qr", self.meeting.teacher, QR)

    def _confirm(self, ticket: str) -> bool:
        path = f"/api/v1/sessions/{self.meeting.id}/attendance"
        said = self.ask("POST", path, self.token, ATTENDANCE, {"ticket": ticket})
        if said and not said["duplicate"]:
            self.campus.journey.accepted((self.meeting.id, self.student_id))
        return said is not None

    def sit(self, stay: Any) -> None:
        """Have the session's page open: a socket on its path, which is presence."""
        path = f"/ws/sessions/{self.meeting.id}"
        self.follow(path, ROOM, self.token, self.meeting.channel, stay)


class RushStudent(Student):
    """Arrives within the hour change, opens the page, checks in, and stays."""

    abstract = True

    @task
    def arrive(self) -> None:
        """Once, at some moment of the hour change."""
        gevent.sleep(max(0.0, self.chance.uniform(0, self.environment.parsed_options.arrive) - self.campus.age()))
        checking_in = gevent.spawn(self.check_in)
        try:
            self.sit(_read)
        finally:
            checking_in.kill()


class PresentStudent(Student):
    """Has the page open and draws now and then."""

    abstract = True

    @task
    def stay(self) -> None:
        """Until the lesson is over."""
        self.sit(self._draw)

    def _draw(self, room: RoomSocket) -> None:
        reading = gevent.spawn(_read, room)
        try:
            while not reading.ready():
                reading.join(self.chance.uniform(*ACTIVITY_SECONDS))
                room.say("ACTIVITY", sessionId=self.meeting.id, activity="draw")
        finally:
            reading.kill()


class BeatingStudent(Student):
    """Speaks only HTTP: connects, beats every 15 s, leaves."""

    abstract = True

    @task
    def stay(self) -> None:
        """One lesson."""
        self._report("connect")
        for _ in range(int(LESSON_SECONDS / BEAT_SECONDS)):
            gevent.sleep(BEAT_SECONDS * self.chance.uniform(0.9, 1.1))
            self._report("heartbeat")
        self._report("disconnect")

    def on_stop(self) -> None:
        """A closed page says goodbye."""
        self._report("disconnect")

    def _report(self, event: str) -> None:
        path = f"/api/whiteboard/sessions/{self.meeting.id}/{event}"
        self.ask("POST", path, self.token, f"{WHITEBOARD}/{event}", {"user_type": "student"})


class StormStudent(Student):
    """Sits there until every socket is cut at once, and comes back with everybody else."""

    abstract = True

    @task
    def stay(self) -> None:
        """Before and after the storm."""
        self.sit(self._until_the_storm)
        self.wait_between(RECONNECT_SECONDS)
        self.sit(_read)

    def _until_the_storm(self, room: RoomSocket) -> None:
        reading = gevent.spawn(_read, room)
        gevent.wait([reading, self.campus.storm], count=1)
        reading.kill()
        if not self.campus.storm.is_set():
            raise Lost("closed")
        room.close()


def _read(room: RoomSocket) -> None:
    for _ in room.frames():
        pass
