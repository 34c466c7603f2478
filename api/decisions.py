"""What a review decides for whom: accepted suggestions, and statuses given by hand (2-http-api 2.3)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.marks import Decision, Standing
from api.problems import Problem
from api.sessions import SessionRow
from api.suggestions import suggested_people, view_suggestion
from api.tutoring import MarkWord, ReviewBody, SuggestedView, SuggestionView
from shared.domain.marking import accepts_over, check_replace
from shared.domain.refusals import SENTENCES, Code, Refused
from shared.domain.suggestion import Confidence
from shared.domain.words import Mark, Source, UserType
from shared.tokens import Identity

Roll = Mapping[UUID, Standing | None]
People = Collection[UUID] | None
"""Whom an accepted suggestion is narrowed to; None: nobody is left out."""


@dataclass(frozen=True, slots=True)
class Review:
    """A request, who makes it, and what the session says about it. ``source``: of what is marked by hand."""

    who: Identity
    row: SessionRow
    body: ReviewBody
    source: Source
    roll: Roll

    @property
    def reason(self) -> str | None:
        """The reason given, for the history."""
        return self.body.reason or None


async def decisions(connection: AsyncConnection, review: Review, people: People) -> list[Decision]:
    """One decision per person, in the order of their ids; statuses given by hand win."""
    found = {each.person: each for each in await _accepted(connection, review, people)}
    found |= {each.person: each for each in _by_hand(review)}
    return sorted(found.values(), key=lambda each: each.person)


async def _accepted(connection: AsyncConnection, review: Review, people: People) -> list[Decision]:
    """The decisions that follow from accepting the suggestion, with the version that was seen."""
    body = review.body
    if not body.use_suggestion:
        return []
    view = await view_suggestion(connection, review.row.id)
    if body.suggestion_version not in (None, view.suggestion_version):
        raise _changed(view)
    chosen = [each for each in suggested_people(view) if _is_chosen(each, body.only_confidence, people)]
    if not chosen:
        raise Refused(Code.NO_SUGGESTION)
    source = Source.ADMIN_OVERRIDE if review.source is Source.ADMIN_OVERRIDE else Source.WHITEBOARD_AUTO
    return [
        _acceptance(each, view.suggestion_version, source, review)
        for each in chosen
        if accepts_over(_source(review.roll.get(each.user_id)))
    ]


def _is_chosen(person: SuggestedView, only: Confidence | None, people: People) -> bool:
    return (only is None or person.confidence == only) and (people is None or person.user_id in people)


def _acceptance(person: SuggestedView, version: int, source: Source, review: Review) -> Decision:
    """The history says what was accepted: the version, how sure it was, and its reasons."""
    said = f"Suggestion {version}, {person.confidence} confidence: {'; '.join(person.reasons)}"
    return Decision(
        person.user_id,
        MarkWord(person.status_suggestion or "").mark,
        source,
        review.body.attendance_notes,
        f"{review.reason} ({said})" if review.reason else said,
        UserType(person.user_type),
    )


def _changed(view: SuggestionView) -> Problem:
    """409 with the new suggestion, so that nobody accepts what they did not see."""
    return Problem(
        409,
        Code.SUGGESTION_CHANGED,
        SENTENCES[Code.SUGGESTION_CHANGED],
        suggestion_version=view.suggestion_version,
        suggestion=view.model_dump(mode="json"),
    )


def _by_hand(review: Review) -> Iterator[Decision]:
    body = review.body
    if body.tutor_attendance_status is not None:
        yield _decision(review, review.row.teacher_id, body.tutor_attendance_status.mark, None, UserType.TUTOR)
    if body.student_attendance_status is not None:
        (only,) = review.roll
        yield _decision(review, only, body.student_attendance_status.mark, None)
    for record in body.records:
        yield _decision(review, record.student_id, record.status.mark, record.notes)


def _decision(
    review: Review, person: UUID, mark: Mark, notes: str | None, user_type: UserType = UserType.STUDENT
) -> Decision:
    check_replace(review.who.role, _source(review.roll.get(person)))
    notes = review.body.attendance_notes if notes is None else notes
    return Decision(person, mark, review.source, notes, review.reason, user_type)


def _source(standing: Standing | None) -> Source | None:
    return None if standing is None else standing.source
