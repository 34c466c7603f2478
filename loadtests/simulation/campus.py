"""Sessions of the simulated campus: who takes part, what the server receives of it, what is suggested."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from loadtests.simulation.people import STUDENTS, Hours, Person, Scenario, beats, truth
from shared.domain.engagement import SessionTimes
from shared.domain.evidence import Participant, SessionFacts
from shared.domain.policy import DEFAULTS
from shared.domain.presence import Runs, fold, merge
from shared.domain.suggestion import Confidence, suggest_session
from shared.domain.words import Mark, Mode, SessionStatus, UserType

SCHEDULED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LENGTHS = (10, 14, 30, 45, 60, 60, 60, 90, 90)
"""Minutes; a few are short enough to make every suggestion an abstention."""


@dataclass(frozen=True)
class Meeting:
    """A session, in minutes after its scheduled start."""

    length: float
    opened: float
    closed: float

    def hours(self, user_type: UserType) -> Hours:
        """The time that counts; the tutor's begins as scheduled."""
        start = 0.0 if user_type is UserType.TUTOR else max(0.0, self.opened)
        return Hours(start, min(self.length, self.closed))


class Outcome(NamedTuple):
    """What was true of somebody, and what was suggested."""

    scenario: Scenario
    truth: Mark
    suggested: Mark
    confidence: Confidence


def hold(chance: Random) -> Iterator[Outcome]:
    """One completed session with its tutor and some students, from behaviour to suggestions."""
    meeting, people = _meeting(chance)
    runs = receive(chance, [person.points for person in people])
    participants = [Participant(UUID(int=n), person.user_type, runs[n]) for n, person in enumerate(people)]
    times = SessionTimes(_clock(0), _clock(meeting.length), _clock(meeting.opened), _clock(meeting.closed))
    session = SessionFacts(Mode.ONLINE, SessionStatus.COMPLETED, times)
    suggestions = suggest_session(session, participants, DEFAULTS, _clock(meeting.closed)).suggestions
    for number, person in enumerate(people):
        said = suggestions[UUID(int=number)]
        really = truth(person, meeting.hours(person.user_type))
        yield Outcome(person.scenario, really, said.status, said.confidence)


def _meeting(chance: Random) -> tuple[Meeting, list[Person]]:
    length = float(chance.choice(LENGTHS))
    late = chance.random() < 0.2
    opened = chance.uniform(3, min(20.0, 0.3 * length + 3)) if late else chance.uniform(-5, 2)
    meeting = Meeting(length, opened, length + chance.uniform(-2, 8))
    hours = meeting.hours(UserType.STUDENT)
    behaviours = chance.choices(list(STUDENTS), list(STUDENTS.values()), k=chance.randint(1, 25))
    return meeting, [_tutor(chance, meeting, late), *(behave(chance, hours) for behave in behaviours)]


def _tutor(chance: Random, meeting: Meeting, late: bool) -> Person:
    """Connected from opening to closing."""
    scenario = Scenario.LATE_TUTOR if late else Scenario.ON_TIME_TUTOR
    points = beats(chance, meeting.opened, meeting.closed)
    return Person(scenario, UserType.TUTOR, meeting.opened, meeting.closed, points)


def receive(chance: Random, everybody: list[list[float]]) -> list[Runs]:
    """What is stored of everybody's points after a bad day of delivery: out of order, repeated, in uneven batches."""
    sent = [(number, _clock(minute)) for number, points in enumerate(everybody) for minute in points]
    sent += chance.choices(sent, k=len(sent) // 20)
    chance.shuffle(sent)
    stored: list[Runs] = [() for _ in everybody]
    while sent:
        size = chance.randint(1, 2_000)
        batch, sent = sent[:size], sent[size:]
        for number, runs in fold(batch).items():
            stored[number] = merge(stored[number], runs)
    return stored


def _clock(minute: float) -> datetime:
    return SCHEDULED + timedelta(minutes=minute)
