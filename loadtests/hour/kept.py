"""What the database must hold of everybody who was told that they are checked in, while they are still there."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection

from loadtests.campus import RunningClass
from loadtests.chaos import stored
from shared.database import owner_engine
from shared.settings import Settings

Accepted = dict[tuple[UUID, UUID], UUID]
"""Session and student → the check-in's id, as the student was told."""


def lost(settings: Settings, classes: list[RunningClass], accepted: Accepted) -> list[str]:
    """What is missing, or there twice; a line each."""
    owner = owner_engine(settings)
    with owner.connect() as connection:
        found = list(_lost(connection, [meeting.session.id for meeting in classes], accepted))
    owner.dispose()
    return found


def _lost(connection: Connection, sessions: list[UUID], accepted: Accepted) -> Iterator[str]:
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
    if connected < len(accepted):
        yield f"{connected:,} count as connected, {len(accepted):,} are"
