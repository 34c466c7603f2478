"""Reading a session's suggestion (2-http-api 2.3).

Workers compute it; whoever asks for one whose facts have changed has it computed, and waits a moment for it.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.ownership import as_person, require_staff
from api.services import Services
from api.sessions import load
from api.tutoring import MetricsView, SuggestedView, SuggestionView
from shared.domain.engagement import (
    Metrics,
    Window,
    active_minutes,
    engagement_percentage,
    lateness_minutes,
    metrics_in,
)
from shared.domain.refusals import Code, Refused
from shared.domain.words import UserType
from shared.tokens import Identity

WAIT_SECONDS = 2.0
LOOK_SECONDS = 0.05

NEVER_CAME = MetricsView(lateness_minutes=None, engagement_percentage=0.0, active_minutes=0.0)

_COUNTS = text("SELECT facts, facts_seen FROM session_suggestions WHERE session_id = :id")
_HEAD = text("SELECT * FROM session_suggestions WHERE session_id = :id")
_PEOPLE = text("""
    SELECT people.user_id, people.user_type, u.first_name || ' ' || u.last_name AS name, g.status, g.confidence,
           g.reasons, g.window_start, g.window_end, g.lateness_us, g.active_us, r.status AS current_status,
           r.source AS current_source
    FROM (SELECT s.teacher_id AS user_id, 'tutor' AS user_type FROM live_sessions s WHERE s.id = :id
          UNION ALL
          SELECT l.student_id, 'student' FROM session_roll l WHERE l.session_id = :id) AS people
    JOIN users u ON u.id = people.user_id
    LEFT JOIN suggestions g ON g.session_id = :id AND g.user_id = people.user_id
    LEFT JOIN attendance_records r ON r.session_id = :id AND r.student_id = people.user_id
    ORDER BY people.user_type DESC, u.last_name, u.first_name, people.user_id
""")


async def read_suggestion(services: Services, who: Identity, session_id: UUID) -> SuggestionView:
    """The session's suggestion as it stands; its teacher and admins only."""
    async with as_person(services, who) as connection:
        await load(connection, who, session_id)
    require_staff(who)
    await await_computed(services, who, session_id)
    async with as_person(services, who) as connection:
        return await view_suggestion(connection, session_id)


async def await_computed(services: Services, who: Identity, session_id: UUID) -> None:
    """Have the suggestion computed if its facts have changed, and wait for that, within bounds.

    What was computed before is shown if workers are busy; where nothing ever was, ``unavailable``.
    """
    facts, seen = await _counts(services, who, session_id)
    if seen >= facts:
        return
    services.nudger.suggest(session_id)
    for _ in range(int(WAIT_SECONDS / LOOK_SECONDS)):
        await asyncio.sleep(LOOK_SECONDS)
        _, seen = await _counts(services, who, session_id)
        if seen >= facts:
            return
    if seen == 0:
        raise Refused(Code.UNAVAILABLE)


async def view_suggestion(connection: AsyncConnection, session_id: UUID) -> SuggestionView:
    """The stored suggestion beside the marks of now."""
    head = (await connection.execute(_HEAD, {"id": session_id})).one()
    people = [_suggested(row) for row in await connection.execute(_PEOPLE, {"id": session_id})]
    students = [person for person in people if person.user_type == UserType.STUDENT]
    tutor = next(person for person in people if person.user_type == UserType.TUTOR)
    return SuggestionView(
        session_id=session_id,
        has_whiteboard=head.has_whiteboard,
        provisional=head.provisional,
        suggestion_version=head.version,
        policy_version=head.policy_version,
        **_flat("tutor", tutor),
        **_flat("student", students[0] if len(students) == 1 else None),
        participants=people,
        overall_recommendation=head.recommendation,
    )


async def _counts(services: Services, who: Identity, session_id: UUID) -> tuple[int, int]:
    async with as_person(services, who) as connection:
        row = (await connection.execute(_COUNTS, {"id": session_id})).one()
    return row.facts, row.facts_seen


def _suggested(row: Row[Any]) -> SuggestedView:
    return SuggestedView(
        user_id=row.user_id,
        name=row.name,
        user_type=row.user_type,
        status_suggestion=_lower(row.status),
        confidence=row.confidence,
        metrics=NEVER_CAME if row.status is None else _metrics(row),
        reasons=row.reasons or [],
        current_status=_lower(row.current_status),
        current_source=row.current_source,
    )


def _metrics(row: Row[Any]) -> MetricsView:
    lateness = None if row.lateness_us is None else timedelta(microseconds=row.lateness_us)
    window = Window(row.window_start, row.window_end)
    return _shown(metrics_in(window, lateness, timedelta(microseconds=row.active_us)))


def _shown(metrics: Metrics) -> MetricsView:
    return MetricsView(
        lateness_minutes=lateness_minutes(metrics),
        engagement_percentage=engagement_percentage(metrics),
        active_minutes=active_minutes(metrics),
    )


def _flat(part: str, person: SuggestedView | None) -> dict[str, Any]:
    """The members of one part at the top of the answer."""
    return {
        f"{part}_status_suggestion": person and person.status_suggestion,
        f"{part}_confidence": person and person.confidence,
        f"{part}_metrics": person and person.metrics,
        f"{part}_reasons": person.reasons if person else [],
    }


def _lower(status: str | None) -> str | None:
    return None if status is None else status.lower()


def suggested_people(view: SuggestionView) -> Sequence[SuggestedView]:
    """Those who have a suggestion."""
    return [person for person in view.participants if person.status_suggestion is not None]
