"""Teachers: who watches a dashboard, and who reviews what presence suggests."""

from typing import Any

import gevent
from locust import task

from loadtests.load.people import CampusUser
from loadtests.load.prepared import Meeting
from loadtests.load.sockets import RoomSocket
from loadtests.load.traffic import REVIEW_SECONDS, STATS_SECONDS

STATS = "/api/v1/sessions/{id}/stats"
END = "/api/v1/sessions/{id}/end"
SUGGESTION = "/api/tutor/sessions/{id}/attendance-suggestion"
DECISION = "/api/tutor/sessions/{id}/attendance"


class Teacher(CampusUser):
    """Teaches one of the running sessions."""

    abstract = True

    def teach(self, meeting: Meeting) -> None:
        """Be the teacher of this session."""
        self.meeting, self.token = meeting, meeting.teacher


class DashboardTeacher(Teacher):
    """Follows the session: a snapshot, then every push; both ends of every check-in meet here."""

    abstract = True

    def on_start(self) -> None:
        """Be the teacher of a session that students come to."""
        self.teach(self.campus.next_meeting())

    @task
    def watch(self) -> None:
        """As long as the page is open."""
        reloading = gevent.spawn(self._reload)
        try:
            self.follow("/ws", "/ws", self.token, self.meeting.channel, self._show)
        finally:
            reloading.kill()
            self.campus.journey.unwatch(self.meeting.id)

    def _show(self, room: RoomSocket) -> None:
        self.campus.journey.watch(self.meeting.id)
        try:
            for frame in room.frames():
                if frame["type"] == "CHECK_IN":
                    self._check_ins(frame["payload"]["data"]["checkIns"])
        finally:
            self.campus.journey.unwatch(self.meeting.id)

    def _check_ins(self, arrived: list[dict[str, Any]]) -> None:
        for one in arrived:
            self.campus.journey.shown((self.meeting.id, one["studentId"]))

    def _reload(self) -> None:
        while True:
            self.ask("GET", f"/api/v1/sessions/{self.meeting.id}/stats", self.token, STATS)
            gevent.sleep(STATS_SECONDS * self.chance.uniform(0.5, 1.5))


class ReviewingTeacher(Teacher):
    """Ends the session, reads what presence suggests, and accepts it."""

    abstract = True

    def on_start(self) -> None:
        """Be the tutor of a session apart."""
        self.teach(self.campus.next_review())

    @task
    def review(self) -> None:
        """Read it again and again, as a tutor does with a long list; accepting the same twice changes nothing."""
        self.ask("POST", f"/api/v1/sessions/{self.meeting.id}/end", self.token, END, {})
        path = f"/api/tutor/sessions/{self.meeting.id}/attendance"
        while True:
            if self.ask("GET", f"{path}-suggestion", self.token, SUGGESTION) is not None:
                self.wait_between(REVIEW_SECONDS)
                self.ask("PUT", path, self.token, DECISION, {"use_suggestion": True})
            self.wait_between(REVIEW_SECONDS)
