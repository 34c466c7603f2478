"""Bodies and filters of the marking family: snake_case (2-http-api 2.4).

A request names a student by UUID or student number. Who marks, from what source and when is never read from it.
"""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from api.cursors import DEFAULT_LIMIT, Limit
from api.fields import Moment, SnakeBody, no_null_characters
from api.tutoring import MOST_RECORDS, Notes
from shared.domain.words import Mark

StudentKey = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(no_null_characters)]
"""A student's UUID or number."""


def _calendar_day(value: object) -> object:
    """pydantic would read 86400 as a day of 1970."""
    if isinstance(value, str) and len(value) != len("2026-01-10"):
        raise ValueError("Date has wrong format. Use YYYY-MM-DD.")
    return value


Day = Annotated[date, BeforeValidator(_calendar_day)]


class RecordMark(SnakeBody):
    """One student's mark among many."""

    student_id: StudentKey
    status: Mark
    notes: Notes | None = None


class MarkBody(SnakeBody):
    """One student's mark (``student_id``, ``status``, ``notes``), or many (``records``)."""

    session_id: UUID
    student_id: StudentKey | None = None
    status: Mark | None = None
    notes: Notes | None = None
    records: Annotated[tuple[RecordMark, ...], Field(max_length=MOST_RECORDS)] | None = None

    @model_validator(mode="after")
    def _one_or_many(self) -> "MarkBody":
        if (self.student_id is None) == (self.records is None):
            raise ValueError("non_field_errors: Send exactly one of student_id and records.")
        if self.records == ():
            raise ValueError("records: This list may not be empty.")
        if self.records is None and self.status is None:
            raise ValueError("status: This field is required.")
        if self.records is not None and (self.status is not None or self.notes is not None):
            raise ValueError("records: Each record has a status and notes of its own.")
        return self


class UpdateBody(SnakeBody):
    """What changes of a mark. Notes that are null or empty are taken away."""

    status: Mark | None = None
    notes: Notes | None = None

    @model_validator(mode="after")
    def _something(self) -> "UpdateBody":
        if self.status is None and "notes" not in self.model_fields_set:
            raise ValueError("non_field_errors: Send a status, notes or both.")
        return self


class BulkMarkBody(SnakeBody):
    """What everybody without a mark is marked as."""

    session_id: UUID
    default_status: Mark


class RollFilter(SnakeBody):
    """Which marks of a session; statistics do not change by it. ``marked_after``: strictly."""

    status: Mark | None = None
    marked_after: Moment | None = None
    include_absent: bool = True
    limit: Limit = DEFAULT_LIMIT
    cursor: str | None = None


class StudentFilter(SnakeBody):
    """Which marks of a student; statistics do not change by it. Both dates are included; ``subject_id`` is a course."""

    date_from: Day | None = None
    date_to: Day | None = None
    subject_id: UUID | None = None
    status: Mark | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "StudentFilter":
        if self.date_from and self.date_to and self.date_to < self.date_from:
            raise ValueError("date_to: Must not be before date_from.")
        return self
