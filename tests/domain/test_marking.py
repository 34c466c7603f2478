"""Who may write a mark, and when: every cell of the table of 1-domain 1.5."""

import pytest

from shared.domain.marking import Door, accepts_over, check_replace, check_report, source_of_mark
from shared.domain.refusals import Refused
from shared.domain.words import Mark, Mode, Role, SessionStatus, Source

TABLE = """
    door     status     mode       ADMIN           TEACHER  PARENT           STUDENT
    marking  scheduled  in_person  not_started     not_started  forbidden    forbidden
    marking  scheduled  online     not_started     not_started  forbidden    forbidden
    marking  active     in_person  manual          manual   forbidden        forbidden
    marking  active     online     manual          manual   forbidden        forbidden
    marking  active     hybrid     manual          manual   forbidden        forbidden
    marking  completed  in_person  locked          locked   forbidden        forbidden
    marking  completed  online     locked          locked   forbidden        forbidden
    marking  completed  hybrid     locked          locked   forbidden        forbidden
    marking  cancelled  online     cancelled       cancelled  forbidden      forbidden
    review   scheduled  in_person  not_started     not_started  not_started  forbidden
    review   scheduled  online     not_started     not_started  not_started  forbidden
    review   active     in_person  manual          manual   forbidden        forbidden
    review   active     online     manual          manual   forbidden        forbidden
    review   active     hybrid     manual          manual   forbidden        forbidden
    review   completed  in_person  admin_override  locked   locked           forbidden
    review   completed  online     admin_override  manual   parent_reported  forbidden
    review   completed  hybrid     admin_override  manual   parent_reported  forbidden
    review   cancelled  in_person  cancelled       cancelled  cancelled      forbidden
    review   cancelled  hybrid     cancelled       cancelled  cancelled      forbidden
"""
LINES = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [(*row[:3], role, expected) for row in LINES[1:] for role, expected in zip(LINES[0][3:], row[3:], strict=True)]


@pytest.mark.parametrize(("door", "status", "mode", "role", "expected"), CELLS)
def test_every_cell(door: str, status: str, mode: str, role: str, expected: str) -> None:
    try:
        said = str(source_of_mark(Door(door), Role(role), Mode(mode), SessionStatus(status)))
    except Refused as refused:
        said = refused.code
    assert said == expected


def test_a_parent_never_reports_present() -> None:
    with pytest.raises(Refused):
        check_report(Role.PARENT, Mark.PRESENT)
    for mark in (Mark.ABSENT, Mark.LATE, Mark.EXCUSED):
        check_report(Role.PARENT, mark)
    check_report(Role.TEACHER, Mark.PRESENT)


@pytest.mark.parametrize("source", Source)
def test_a_parent_replaces_no_decision_of_staff(source: Source) -> None:
    decided = source in (Source.MANUAL, Source.WHITEBOARD_AUTO, Source.ADMIN_OVERRIDE)
    if decided:
        with pytest.raises(Refused):
            check_replace(Role.PARENT, source)
    else:
        check_replace(Role.PARENT, source)
    check_replace(Role.TEACHER, source)
    check_replace(Role.ADMIN, source)


@pytest.mark.parametrize("source", [None, *Source])
def test_accepting_replaces_anything_but_a_check_in(source: Source | None) -> None:
    assert accepts_over(source) == (source is not Source.QR_CHECKIN)
