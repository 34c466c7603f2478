"""Who may write a mark, and when: the table of 1-domain 1.5 as one function.

There are two doors. The marking API is for the room: it closes with the session. The review API is for what presence
suggests: it stays open after an online session, for admins after any.
"""

from enum import StrEnum

from shared.domain.refusals import Code, Refused
from shared.domain.words import Mark, Mode, Role, SessionStatus, Source


class Door(StrEnum):
    """Which API somebody writes a mark through."""

    MARKING = "marking"
    REVIEW = "review"


class Closed(StrEnum):
    """Why nobody, or nobody of that role, may mark in a session now; each door has its own words for it."""

    NOT_STARTED = "not_started"
    CANCELLED = "cancelled"
    LOCKED = "locked"


PERSONS = frozenset({Source.MANUAL, Source.WHITEBOARD_AUTO, Source.ADMIN_OVERRIDE})
"""Sources that are a decision of staff: a check-in or a parent's report never replaces them (1.4, 1.5)."""


def source_of_mark(door: Door, role: Role, mode: Mode, status: SessionStatus) -> Source | Closed:
    """What a mark that this person writes by hand would come from, or why they may not write one now.

    ``admin_override`` needs a reason, ``parent_reported`` a note. Raises ``forbidden`` for a role that never may, or
    not in a session of this status.
    """
    if role is Role.STUDENT or (role is Role.PARENT and door is Door.MARKING):
        raise Refused(Code.FORBIDDEN)
    if status is SessionStatus.SCHEDULED:
        return Closed.NOT_STARTED
    if status is SessionStatus.CANCELLED:
        return Closed.CANCELLED
    if status is SessionStatus.ACTIVE:
        return _while_active(role)
    return Closed.LOCKED if door is Door.MARKING else _after_the_end(role, mode)


def _while_active(role: Role) -> Source:
    if role is Role.PARENT:
        raise Refused(Code.FORBIDDEN, "A parent can report when the session has ended.")
    return Source.MANUAL


def _after_the_end(role: Role, mode: Mode) -> Source | Closed:
    if role is Role.ADMIN:
        return Source.ADMIN_OVERRIDE
    if mode is Mode.IN_PERSON:
        return Closed.LOCKED
    return Source.PARENT_REPORTED if role is Role.PARENT else Source.MANUAL


def check_report(role: Role, mark: Mark) -> None:
    """A parent reports that a child was away, late or excused; never that it was there."""
    if role is Role.PARENT and mark is Mark.PRESENT:
        raise Refused(Code.FORBIDDEN, "A parent cannot report a child as present.")


def check_replace(role: Role, current: Source | None) -> None:
    """A parent's report never replaces what staff decided; a teacher may change anything."""
    if role is Role.PARENT and current in PERSONS:
        raise Refused(Code.FORBIDDEN, "A teacher has already decided this mark.")


def accepts_over(current: Source | None) -> bool:
    """Whether accepting a suggestion replaces a mark of this source: a check-in is evidence of its own (2-http-api
    2.3)."""
    return current is not Source.QR_CHECKIN
