"""Deciding on a session's attendance: accept what presence suggests, override it, or mark by hand (2-http-api 2.3).

One transaction under the session's lock: who may (1-domain 1.5), which version was seen, what each decision is, the
marks with their history, and the news.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.decisions import People, Review, Roll, decisions
from api.marks import Standing, read_roll, read_tutor, write
from api.ownership import as_person
from api.problems import FieldError, Problem, malformed
from api.services import Services
from api.sessions import SessionRow, load
from api.suggestions import await_computed
from api.tutoring import MarkedView, ReviewBody, ReviewedView
from shared.domain.marking import Closed, Door, check_report, source_of_mark
from shared.domain.refusals import SENTENCES, Code, Refused
from shared.domain.words import Mode, Role, Source
from shared.tokens import Identity

_CLOSED = {
    Closed.NOT_STARTED: (Code.SESSION_NOT_ACTIVE, "This session has not started, so there is nothing to mark."),
    Closed.CANCELLED: (Code.SESSION_NOT_ACTIVE, "This session was cancelled, so there is nothing to mark."),
    Closed.LOCKED: (Code.SESSION_LOCKED, SENTENCES[Code.SESSION_LOCKED]),
}


async def decide(
    services: Services, who: Identity, session_id: UUID, body: ReviewBody, people: People = None
) -> ReviewedView:
    """Write what was decided; the marks as they stand afterwards.

    ``people`` narrows an accepted suggestion to these, as a page does that accepts row by row.
    """
    if body.use_suggestion and body.suggestion_version is None and who.role in (Role.TEACHER, Role.ADMIN):
        await _computed(services, who, session_id)
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id, lock=True)
        source = _permitted(who, row, body)
        review = Review(who, row, body, source, await read_roll(connection, session_id))
        _check_content(review)
        decided = await decisions(connection, review, people)
        await write(connection, who, session_id, decided, services.now())
        outcome = await _outcome(connection, row)
    services.nudger.nudge()
    return outcome


async def _computed(services: Services, who: Identity, session_id: UUID) -> None:
    async with as_person(services, who) as connection:
        await load(connection, who, session_id)
    await await_computed(services, who, session_id)


# --- may they? ------------------------------------------------------------------------------------------


def _permitted(who: Identity, row: SessionRow, body: ReviewBody) -> Source:
    """The source of this person's marks here; roles first (403), then the session's state (400)."""
    words = [record.status for record in body.records]
    for word in (*words, body.student_attendance_status):
        if word is not None:
            check_report(who.role, word.mark)
    if who.role is Role.PARENT and (body.use_suggestion or body.tutor_attendance_status):
        raise Refused(Code.FORBIDDEN, "A parent reports on their own child only.")
    source = source_of_mark(Door.REVIEW, who.role, Mode(row.mode), row.status)
    if isinstance(source, Closed):
        raise Problem(400, *_CLOSED[source])
    return source


def _check_content(review: Review) -> None:
    body = review.body
    if review.source is Source.ADMIN_OVERRIDE and not body.reason:
        raise malformed(FieldError("reason", "is required after the end of a session"))
    if review.source is Source.PARENT_REPORTED and not all(_notes_of_report(body)):
        raise malformed(FieldError("attendance_notes", "is required from a parent"))
    if body.student_attendance_status is not None and len(review.roll) != 1:
        raise malformed(FieldError("student_attendance_status", "is for sessions of one student; use records"))
    for record in body.records:
        _check_on_roll(review, record.student_id)


def _notes_of_report(body: ReviewBody) -> Iterator[str | None]:
    yield from (record.notes or body.attendance_notes for record in body.records)
    if body.student_attendance_status is not None:
        yield body.attendance_notes


def _check_on_roll(review: Review, student_id: UUID) -> None:
    """A parent sees only their children on the roll; of anybody else they learn nothing."""
    if student_id in review.roll:
        return
    if review.who.role is Role.PARENT:
        raise Refused(Code.FORBIDDEN, "A parent reports on their own child only.")
    wrong = [FieldError("records", f"{student_id} is not enrolled in this class")]
    raise Problem(422, Code.NOT_ENROLLED, "Somebody named in records is not enrolled in this class.", errors=wrong)


# --- the outcome ----------------------------------------------------------------------------------------


async def _outcome(connection: AsyncConnection, row: SessionRow) -> ReviewedView:
    """The marks as this person may see them. Who, when and what was noted is said of the mark decided last."""
    roll = await read_roll(connection, row.id)
    tutor = await read_tutor(connection, row.id)
    marks = sorted((mark for mark in roll.values() if mark), key=lambda mark: mark.person)
    last = max(marks, key=lambda mark: mark.updated_at, default=tutor)
    only = marks[0] if len(roll) == 1 and marks else None
    return ReviewedView(
        session_id=row.id,
        tutor_attendance_status=tutor and tutor.status.lower(),
        student_attendance_status=only and only.status.lower(),
        attendance_source=_common_source(roll, marks) or (tutor and tutor.source),
        **_last(last),
        records=[MarkedView(student_id=mark.person, status=mark.status.lower(), source=mark.source) for mark in marks],
    )


def _common_source(roll: Roll, marks: list[Standing]) -> Source | None:
    if len(roll) == 1 or not marks:
        return marks[0].source if marks else None
    automatic = all(mark.source is Source.WHITEBOARD_AUTO for mark in marks)
    return Source.WHITEBOARD_AUTO if automatic else Source.MANUAL


def _last(mark: Standing | None) -> dict[str, Any]:
    return {
        "attendance_marked_by": mark and mark.marked_by,
        "attendance_marked_at": mark and mark.updated_at,
        "attendance_notes": mark and mark.notes,
    }
