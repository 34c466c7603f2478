"""Every endpoint, for tests that hold for all of them; a new endpoint is covered as soon as it is listed."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy import Engine, text

from api.endpoint import UNSAFE, Endpoint
from api.families import PROBLEMS
from api.routes import ENDPOINTS
from tests.api.answers import plain_refusal, refusal, wrong_fields
from tests.api.lecture import Lecture

WITH_BODY = [endpoint for endpoint in ENDPOINTS if endpoint.body is not None]
UNSAFE_ONES = [endpoint for endpoint in ENDPOINTS if endpoint.method in UNSAFE]
GUARDED = [endpoint for endpoint in ENDPOINTS if not endpoint.open_to_all]


@dataclass(frozen=True)
class Target:
    """An endpoint's address in one class."""

    endpoint: Endpoint
    lecture: Lecture

    def url(self, **other: Any) -> str:
        """The path with ids that exist, or the ones given."""
        room = self.lecture.classroom
        known = {
            "session_id": self.lecture.id,
            "course_id": room.course_id,
            "group_id": room.group_id,
            "student_id": room.students[0].id,
        }
        path = self.endpoint.path.replace(":uuid}", "}")
        return path.format_map(_Ids({**known, **other}))

    @property
    def body(self) -> dict[str, Any]:
        """A body that is right in form."""
        return {
            "create_live_session": self.lecture.classroom.opening,
            "create_check_in": {"token": "0" * 32},
            "create_confirmation": {"token": "0" * 32},
            "create_check_in_ticket": {"token": "0" * 32},
            "login": {"email": f"{uuid4()}@every.test", "password": "x"},
            "connect": {"user_type": "student"},
            "heartbeat": {"user_type": "student"},
            "disconnect": {"user_type": "student"},
            "put_attendance": {"tutor_attendance_status": "present"},
            "mark_attendance": {"session_id": self.lecture.id, "student_id": "S-nobody", "status": "LATE"},
            "bulk_mark_attendance": {"session_id": self.lecture.id, "default_status": "ABSENT"},
            "update_attendance": {"status": "LATE"},
        }.get(self.endpoint.name, {})

    def refusal(self, answer: httpx.Response) -> tuple[int, str]:
        """Status and code of its refusal, in the words of problems whatever its family's are."""
        return refusal(answer) if self.endpoint.family is PROBLEMS else plain_refusal(answer)

    def wrong_fields(self, answer: httpx.Response) -> set[str]:
        """The fields an error names."""
        if self.endpoint.family is PROBLEMS:
            return wrong_fields(answer)
        assert self.refusal(answer) == (422, "validation_failed")
        return set(answer.json())


class _Ids(dict[str, Any]):
    """An id nobody has, where a test does not know the kind."""

    def __missing__(self, name: str) -> Any:
        return uuid4()


def name_of(endpoint: Endpoint) -> str:
    """Test ids that can be read."""
    return endpoint.name


def everything(owner: Engine) -> dict[str, Any]:
    """A fingerprint of every table: nothing was written when it stays the same."""
    with owner.connect() as connection:
        names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        prints = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} AS t"
        return {name: connection.execute(text(prints.format(name))).scalar_one() for name in names}
