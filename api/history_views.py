"""Questions and answers about history: camelCase for a session (2-http-api 2.1), snake_case for a mark (2.4)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from api.cursors import DEFAULT_LIMIT, Limit
from api.fields import CamelBody, CamelView, SnakeBody, SnakeView
from shared.domain.words import Mark, SessionStatus, Source


class HistoryPage(CamelBody):
    """Which part of a session's history."""

    limit: Limit = DEFAULT_LIMIT
    cursor: str | None = None


class MarkHistoryPage(SnakeBody):
    """Which part of a mark's history."""

    limit: Limit = DEFAULT_LIMIT
    cursor: str | None = None


class ChangedBy(SnakeView):
    """The person behind a change."""

    id: UUID
    name: str


class SessionChangeView(CamelView):
    """The session changed its status. ``changedBy`` is null where Muster did it."""

    kind: Literal["session"] = "session"
    old_status: SessionStatus | None
    new_status: SessionStatus
    reason: str | None
    changed_by: ChangedBy | None
    changed_at: datetime


class MarkChangeView(CamelView):
    """A mark was made (no old status), changed or deleted (no new one); lower case, as this family writes it."""

    kind: Literal["mark"] = "mark"
    student_id: UUID
    old_status: str | None
    new_status: str | None
    source: Source
    reason: str | None
    changed_by: ChangedBy | None
    changed_at: datetime


class SessionHistory(CamelView):
    """A session's history, newest first, a page at a time."""

    items: list[SessionChangeView | MarkChangeView]
    next: str | None


class MarkChange(SnakeView):
    """A change of one mark, as :class:`MarkChangeView`."""

    old_status: Mark | None
    new_status: Mark | None
    reason: str | None
    source: Source
    changed_by: ChangedBy | None
    changed_at: datetime


class MarkHistory(SnakeView):
    """A mark's history, newest first, a page at a time."""

    items: list[MarkChange]
    next: str | None
