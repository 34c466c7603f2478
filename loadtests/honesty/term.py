"""A term of weekly sessions of one class, judged by the product's own rules."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from loadtests.honesty.people import CAMPUS, Attempt, Student, attempts, make_class
from shared.domain.codes import CodeFace, check_step
from shared.domain.fence import Fence, place
from shared.domain.honesty import FEWEST, NEAR_SECONDS, is_burst, is_late_habit, is_pair
from shared.domain.refusals import Code, Refused
from shared.domain.words import FlagKind

EPOCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FACE = CodeFace(1, 0, EPOCH, 15, True)
FENCE = Fence(CAMPUS.latitude, CAMPUS.longitude, 80.0)


@dataclass
class Record:
    """What became of one student over the term."""

    student: Student
    sessions: int = 0
    accepted: int = 0
    late: int = 0
    refused: dict[Code, int] = field(default_factory=lambda: defaultdict(int))
    flags: set[FlagKind] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class CheckIn:
    """An accepted check-in: when the server got it, which step it showed, and whether that had ended."""

    student: int
    at: float
    step: int
    late: bool


def hold_term(chance: Random, size: int, weeks: int, *, fenced: bool) -> list[Record]:
    """One class over a term; ``fenced``: the sessions have a fence that refuses."""
    records = [Record(student) for student in make_class(chance, size)]
    near: defaultdict[tuple[int, int], int] = defaultdict(int)
    common: defaultdict[tuple[int, int], int] = defaultdict(int)
    for _ in range(weeks):
        check_ins = _session(records, chance, fenced=fenced)
        _flag_session(records, check_ins)
        _count_pairs(check_ins, near, common)
        _flag_habits(records, check_ins)
        for pair, times in near.items():
            if times >= FEWEST and is_pair(times, common[pair]):
                for number in pair:
                    records[number].flags.add(FlagKind.ALWAYS_TOGETHER)
    return records


def _session(records: list[Record], chance: Random, *, fenced: bool) -> list[CheckIn]:
    arrivals = {record.student.table: chance.triangular(0.0, 600.0, 240.0) for record in records}
    accepted = []
    for record in records:
        record.sessions += 1
        tries = attempts(record.student, arrivals[record.student.table], chance)
        if kept := _first_accepted(record, tries, fenced=fenced):
            accepted.append(kept)
    return sorted(accepted, key=lambda check_in: (check_in.at, check_in.student))


def _first_accepted(record: Record, tries: Sequence[Attempt], *, fenced: bool) -> CheckIn | None:
    for attempt in tries:
        read, received = (EPOCH + timedelta(seconds=moment) for moment in (attempt.read, attempt.received))
        step = FACE.step_at(read)
        try:
            check_step(FACE, 0, step, received)
        except Refused as refused:
            record.refused[refused.code] += 1
            continue
        if fenced and not place(FENCE, attempt.position).inside:
            record.refused[Code.OUTSIDE_GEOFENCE] += 1
            return None
        late = received >= FACE.step_end(step)
        record.accepted += 1
        record.late += late
        return CheckIn(record.student.number, attempt.received, step, late)
    return None


def _flag_session(records: list[Record], check_ins: Sequence[CheckIn]) -> None:
    steps: defaultdict[int, list[CheckIn]] = defaultdict(list)
    phones: defaultdict[int, list[CheckIn]] = defaultdict(list)
    for check_in in check_ins:
        steps[check_in.step].append(check_in)
        phones[records[check_in.student].student.device].append(check_in)
    for same in steps.values():
        late = [check_in for check_in in same if check_in.late]
        if is_burst(len(late), len(same)):
            _flag(records, late, FlagKind.BURST)
    for same in phones.values():
        if len(same) > 1:
            _flag(records, same, FlagKind.SHARED_DEVICE)


def _flag_habits(records: list[Record], check_ins: Sequence[CheckIn]) -> None:
    late = [check_in for check_in in check_ins if check_in.late]
    habitual = [each for each in late if is_late_habit(records[each.student].late, records[each.student].accepted)]
    _flag(records, habitual, FlagKind.LATE_IN_STEP)


def _flag(records: list[Record], check_ins: Sequence[CheckIn], kind: FlagKind) -> None:
    for check_in in check_ins:
        records[check_in.student].flags.add(kind)


def _count_pairs(
    check_ins: Sequence[CheckIn], near: defaultdict[tuple[int, int], int], common: defaultdict[tuple[int, int], int]
) -> None:
    present = sorted(check_in.student for check_in in check_ins)
    for place_, one in enumerate(present):
        for other in present[place_ + 1 :]:
            common[one, other] += 1
    for place_, first in enumerate(check_ins):
        for second in check_ins[place_ + 1 : place_ + 3]:
            if second.at - first.at <= NEAR_SECONDS:
                one, other = sorted((first.student, second.student))
                near[one, other] += 1
