"""The review page's table: per person what presence suggests and why, the evidence, and the mark of now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.ownership import as_person
from api.pages.dates import clock
from api.pages.meetings import Stay, stays_of
from api.pages.strips import Strip, axis_of, draw
from api.services import Services
from api.sessions import SessionRow
from api.tutoring import SuggestedView, SuggestionView
from shared.domain.engagement import Window
from shared.domain.policy import DEFAULTS
from shared.domain.presence import Runs, runs_covering
from shared.domain.suggestion import Confidence
from shared.domain.words import Source, UserType
from shared.tokens import Identity

LINES = 100
"""People on one page; a lecture has hundreds."""

_EVIDENCE = text("""
    SELECT u.id, n.student_number, p.covered, p.activity_counts, g.window_start, g.window_end, r.notes,
           m.first_name || ' ' || m.last_name AS marked_by
    FROM users u
    LEFT JOIN students n ON n.user_id = u.id
    LEFT JOIN presence p ON p.session_id = :id AND p.user_id = u.id
    LEFT JOIN suggestions g ON g.session_id = :id AND g.user_id = u.id
    LEFT JOIN attendance_records r ON r.session_id = :id AND r.student_id = u.id
    LEFT JOIN users m ON m.id = r.marked_by
    WHERE u.id = ANY(:people)
""")
_LATE = text("SELECT late_after_minutes FROM course_policies WHERE course_id = :course AND version = :version")


class Show(StrEnum):
    """Whom the table lists."""

    ALL = "all"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Selection:
    """What somebody looks at. ``seen`` is what they had before them when they decided, by person."""

    show: Show = Show.ALL
    number: int = 1
    seen: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One person. ``ticked`` is what the page proposes to accept; ``before`` what was suggested when last looked at."""

    person: SuggestedView
    number: str | None
    strip: Strip | None
    stays: Sequence[Stay]
    activities: Sequence[tuple[str, int]]
    notes: str | None
    marked_by: str | None
    ticked: bool
    before: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of one page, and what is said of everybody. ``axis``: start, late from (null after the end),
    end, in clock times."""

    lines: Sequence[Line]
    selection: Selection
    pages: int
    axis: tuple[str, str | None, str] | None
    everybody: int
    marked: int
    waiting: int
    sure: int
    look: int
    changed: int

    @property
    def seen(self) -> str:
        """What this page shows, for the form to say what was decided on."""
        return " ".join(f"{line.person.user_id}:{shown(line.person)}" for line in self.lines)


def shown(person: SuggestedView) -> str:
    """A suggestion as one word, to be compared with a later one."""
    return f"{person.status_suggestion or '-'}:{person.confidence or '-'}"


def read_seen(text_of_form: str) -> dict[str, str]:
    """:attr:`Table.seen`, back from the form; what is no such thing is left out."""
    parts = (each.split(":") for each in text_of_form.split())
    return {part[0]: f"{part[1]}:{part[2]}" for part in parts if len(part) == 3}


def waits(person: SuggestedView) -> bool:
    """Whether there is something to accept, and nobody and nothing but a default has decided yet."""
    return person.status_suggestion is not None and person.current_source in (None, Source.SYSTEM_DEFAULT)


def is_sure(person: SuggestedView) -> bool:
    """Whether the suggestion is of high confidence."""
    return person.confidence == Confidence.HIGH


async def read_table(
    services: Services, who: Identity, row: SessionRow, view: SuggestionView, selection: Selection
) -> Table:
    """The table as this person of staff may see it."""
    people = view.participants
    listed = [person for person in people if _needs_a_look(person)] if selection.show is Show.LOOK else people
    pages = max(1, -(-len(listed) // LINES))
    number = min(max(1, selection.number), pages)
    listed = listed[(number - 1) * LINES : number * LINES]
    async with as_person(services, who) as connection:
        evidence = await _evidence(connection, row.id, [person.user_id for person in listed])
        late_after = await _late_after(connection, row, view)
    lines = _lines(listed, evidence, late_after, services.settings.zone, selection.seen or {})
    return Table(
        lines=lines,
        selection=Selection(selection.show, number),
        pages=pages,
        axis=_axis(evidence.values(), late_after, services.settings.zone),
        everybody=len(people),
        marked=sum(person.current_status is not None for person in people),
        waiting=sum(map(waits, people)),
        sure=sum(waits(person) and is_sure(person) for person in people),
        look=sum(map(_needs_a_look, people)),
        changed=sum(line.before is not None for line in lines),
    )


def _needs_a_look(person: SuggestedView) -> bool:
    if person.status_suggestion is None:
        return person.current_status is None and person.user_type == UserType.STUDENT
    return waits(person) and not is_sure(person)


async def _evidence(connection: AsyncConnection, session_id: UUID, people: Collection[UUID]) -> dict[UUID, Row[Any]]:
    rows = await connection.execute(_EVIDENCE, {"id": session_id, "people": list(people)})
    return {row.id: row for row in rows}


async def _late_after(connection: AsyncConnection, row: SessionRow, view: SuggestionView) -> timedelta:
    """The threshold of the policy that the suggestion was computed with."""
    values = {"course": row.course_id, "version": view.policy_version}
    minutes = (await connection.execute(_LATE, values)).scalar()
    return timedelta(minutes=DEFAULTS.late_after_minutes if minutes is None else minutes)


def _lines(
    people: Iterable[SuggestedView],
    evidence: Mapping[UUID, Row[Any]],
    late_after: timedelta,
    zone: ZoneInfo,
    seen: Mapping[str, str],
) -> list[Line]:
    axis = axis_of(_windows(evidence.values()))
    lines = []
    for person in people:
        row = evidence[person.user_id]
        runs, window = _runs(row), _window(row)
        activities: dict[str, int] = row.activity_counts or {}
        before = _before(seen, person)
        lines.append(
            Line(
                person=person,
                number=row.student_number,
                strip=draw(runs, window, axis, late_after) if window and axis else None,
                stays=stays_of(runs, zone),
                activities=sorted(activities.items(), key=lambda item: (-item[1], item[0])),
                notes=row.notes,
                marked_by=row.marked_by,
                ticked=waits(person) and person.confidence != Confidence.LOW and before is None,
                before=before,
            )
        )
    return lines


def _before(seen: Mapping[str, str], person: SuggestedView) -> tuple[str, str] | None:
    """What was suggested when the page was painted, where it is something else now."""
    was = seen.get(str(person.user_id))
    if was is None or was == shown(person):
        return None
    status, _, confidence = was.partition(":")
    return status, confidence


def _axis(rows: Iterable[Row[Any]], late_after: timedelta, zone: ZoneInfo) -> tuple[str, str | None, str] | None:
    axis = axis_of(_windows(rows))
    if axis is None:
        return None
    late = axis.start + late_after
    return clock(axis.start, zone), clock(late, zone) if late < axis.end else None, clock(axis.end, zone)


def _windows(rows: Iterable[Row[Any]]) -> list[Window]:
    return [window for row in rows if (window := _window(row))]


def _window(row: Row[Any]) -> Window | None:
    return None if row.window_start is None else Window(row.window_start, row.window_end)


def _runs(row: Row[Any]) -> Runs:
    return runs_covering((part.lower, part.upper) for part in row.covered or ())
