"""Bodies and answers of suggestion and review: snake_case (2-http-api 2.3)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, StringConstraints, model_validator

from api.fields import SnakeBody, SnakeView, no_null_characters
from shared.domain.suggestion import Confidence
from shared.domain.words import Mark

MOST_RECORDS = 5_000

Notes = Annotated[str, StringConstraints(max_length=2_000, strip_whitespace=True), AfterValidator(no_null_characters)]
"""What a person writes about a mark."""


class MarkWord(StrEnum):
    """A status as this family writes it."""

    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    EXCUSED = "excused"

    @property
    def mark(self) -> Mark:
        """As it is stored."""
        return Mark(self.upper())


class RecordBody(SnakeBody):
    """One student's mark by hand."""

    student_id: UUID
    status: MarkWord
    notes: Notes | None = None


class ReviewBody(SnakeBody):
    """Accept, override, or both: statuses win for whom they name."""

    use_suggestion: StrictBool = False
    suggestion_version: Annotated[int | None, Field(ge=0)] = None
    only_confidence: Confidence | None = None
    tutor_attendance_status: MarkWord | None = None
    student_attendance_status: MarkWord | None = None
    records: Annotated[tuple[RecordBody, ...], Field(max_length=MOST_RECORDS)] = ()
    attendance_notes: Notes | None = None
    reason: Notes | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "ReviewBody":
        if not (self.use_suggestion or self.tutor_attendance_status or self.student_attendance_status or self.records):
            raise ValueError("use_suggestion: there is nothing to change; accept the suggestion or name a status")
        if not self.use_suggestion and (self.suggestion_version is not None or self.only_confidence):
            raise ValueError("use_suggestion: must be true to choose a version or a confidence")
        if len({record.student_id for record in self.records}) < len(self.records):
            raise ValueError("records: names the same student twice")
        return self


class MetricsView(SnakeView):
    """What was measured, each to one decimal; ``lateness_minutes`` is null for somebody who never came."""

    lateness_minutes: float | None
    engagement_percentage: float
    active_minutes: float


class SuggestedView(SnakeView):
    """One person's suggestion beside their mark; null where there is none."""

    user_id: UUID
    name: str
    user_type: str
    status_suggestion: str | None
    confidence: str | None
    metrics: MetricsView
    reasons: list[str]
    current_status: str | None
    current_source: str | None


class SuggestionView(SnakeView):
    """A session's suggestion. ``student_*`` are null unless it has exactly one student."""

    session_id: UUID
    has_whiteboard: bool
    provisional: bool
    suggestion_version: int
    policy_version: int
    tutor_status_suggestion: str | None
    tutor_confidence: str | None
    tutor_metrics: MetricsView | None
    tutor_reasons: list[str]
    student_status_suggestion: str | None
    student_confidence: str | None
    student_metrics: MetricsView | None
    student_reasons: list[str]
    participants: list[SuggestedView]
    overall_recommendation: str


class MarkedView(SnakeView):
    """A student's mark."""

    student_id: UUID
    status: str
    source: str


class ReviewedView(SnakeView):
    """The marks as they stand after a review."""

    session_id: UUID
    tutor_attendance_status: str | None
    student_attendance_status: str | None
    attendance_source: str | None
    attendance_marked_by: UUID | None
    attendance_marked_at: datetime | None
    attendance_notes: str | None
    records: list[MarkedView]
