"""What must hold after an hour change: nobody refused, nothing lost, nothing twice, and in time."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection

from loadtests.campus import RunningClass
from loadtests.chaos import stored
from loadtests.chaos.watch import percentile
from loadtests.hour.change import Change
from shared.database import owner_engine
from shared.settings import Settings

MOST_SECONDS = 2.0
"""p99 of a check-in, and of its way to the dashboard (4-pipeline 4.4)."""


def judge(settings: Settings, classes: list[RunningClass], found: Change) -> list[str]:
    """Everything that is wrong, a line each."""
    owner = owner_engine(settings)
    with owner.connect() as connection:
        lost = list(_lost(connection, classes, found.seen.accepted))
    owner.dispose()
    people = sum(len(meeting.students) for meeting in classes)
    return [*found.wrong, *_refused(found, people), *lost, *_slow(found)]


def _refused(found: Change, people: int) -> Iterator[str]:
    for what, count in found.seen.failures.most_common():
        yield f"{count} students: {what}"
    if len(found.seen.accepted) != people:
        yield f"{len(found.seen.accepted):,} of {people:,} checked in"
    if found.seen.stayed != people:
        yield f"{found.seen.stayed:,} of {people:,} sockets stayed open: {dict(found.seen.sockets.closes)}"


def _lost(
    connection: Connection, classes: list[RunningClass], accepted: dict[tuple[UUID, UUID], UUID]
) -> Iterator[str]:
    sessions = [meeting.session.id for meeting in classes]
    check_ins = stored.check_ins(connection, sessions)
    if wrong := [pair for pair, kept in accepted.items() if check_ins.get(pair) != {kept}]:
        yield f"{len(wrong)} accepted check-ins are not in the database, or twice"
    marks = stored.marks(connection, sessions)
    if wrong := [pair for pair in accepted if marks.get(pair, ("", ""))[1] != "qr_checkin"]:
        yield f"{len(wrong)} who checked in have no mark"
    present = stored.presence(connection, sessions)
    if wrong := [pair for pair in accepted if pair not in present]:
        yield f"{len(wrong)} whose socket is open are not present"
    connected = sum(tally.connected for tally in stored.tallies(connection, sessions).values())
    if connected != len(accepted):
        yield f"{connected:,} count as connected, {len(accepted):,} are"


def _slow(found: Change) -> Iterator[str]:
    for what, seconds in (("check-in", found.seen.seconds["check-in"]), ("check-in → dashboard", found.journeys)):
        if (took := percentile(seconds, 0.99)) > MOST_SECONDS or not seconds:
            yield f"{what}: p99 of {len(seconds):,} is {took:.2f} s, at most {MOST_SECONDS:g} are allowed"
