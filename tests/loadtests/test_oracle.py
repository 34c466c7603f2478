"""The chaos run's judge: it must find what is lost, doubled or wrong, and accept what a doubt explains."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from loadtests.chaos.calm import Calm
from loadtests.chaos.ledger import CheckedIn, Doubt, Life, Sign, Sitting, Stay
from loadtests.chaos.oracle import (
    StoredPresence,
    wrong_audit,
    wrong_check_in,
    wrong_counts,
    wrong_doubts,
    wrong_mark_history,
    wrong_presence,
    wrong_sitting,
)
from shared.domain.presence import active_time, runs_of
from shared.domain.words import Connection

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ONE, OTHER = UUID(int=1), UUID(int=2)


def at(second: float) -> datetime:
    """So many seconds after nine."""
    return START + timedelta(seconds=second)


def stored(*seconds: float, **different: object) -> StoredPresence:
    """What the database holds when it was told of these points."""
    runs = runs_of(map(at, seconds))
    values = {
        "runs": runs,
        "active_seconds": active_time(runs).total_seconds(),
        "connects": len(runs),
        "first": runs[0].first,
        "last": runs[-1].last,
        "disconnected": None,
        "activities": {},
    }
    return StoredPresence(**{**values, **different})  # type: ignore[arg-type]


def doubt(since: float, until: float, activity: str | None = None) -> Doubt:
    """A heartbeat that was not answered."""
    return Doubt(Connection.HEARTBEAT, activity, at(since), at(until))


def test_exact_presence_is_not_wrong() -> None:
    assert wrong_presence(Stay(points=[at(0), at(10), at(200)]), stored(0, 10, 200)) is None


def test_a_lost_point_is_found() -> None:
    stay = Stay(points=[at(0), at(10), at(20)])
    assert wrong_presence(stay, stored(0, 10)) == "lost: seconds that were acknowledged are missing"
    assert wrong_presence(stay, None) == "lost: no presence at all"


def test_seconds_that_nobody_reported_are_found_unless_a_doubt_explains_them() -> None:
    points = [at(0), at(10)]
    assert wrong_presence(Stay(points), stored(0, 10, 20)) == "seconds were credited that nobody reported"
    assert wrong_presence(Stay(points, doubts=[doubt(18, 22)]), stored(0, 10, 20)) is None
    assert wrong_presence(Stay(points, doubts=[doubt(30, 40)]), stored(0, 10, 20)) is not None


def test_seconds_that_are_not_those_of_the_runs_are_found() -> None:
    assert wrong_presence(Stay(points=[at(0), at(10)]), stored(0, 10, active_seconds=20.0)) is not None


def test_an_activity_that_is_counted_twice_or_not_at_all_is_found() -> None:
    stay = Stay(activities=Counter(draw=2))
    assert wrong_counts(stay, {"draw": 2}) is None
    assert wrong_counts(stay, {"draw": 3}) == "double: 1 activities"
    assert wrong_counts(stay, {"draw": 1}) == "lost: 1 activities"
    stay.doubts.append(doubt(0, 1, "draw"))
    assert wrong_counts(stay, {"draw": 3}) is None


def test_the_audit_list_holds_every_connect_once() -> None:
    known = [at(1), at(2)]
    assert wrong_audit(known, [], Connection.CONNECT, known) is None
    assert wrong_audit(known, [], Connection.CONNECT, [at(1)]) == "lost: 1 of event connect"
    assert wrong_audit(known, [], Connection.CONNECT, [at(1), at(2), at(3)]) == "double: 1 of event connect"


def test_check_ins_are_those_that_students_were_given() -> None:
    known = CheckedIn({ONE: ("present", at(60))})
    assert wrong_check_in(known, {ONE}, START) is None
    assert wrong_check_in(known, set(), START) == "lost: 1 check-ins"
    assert wrong_check_in(known, {ONE, OTHER}, START) == "double: a check-in that nobody made"
    assert wrong_check_in(CheckedIn({ONE: ("present", at(60))}, doubts=1), {ONE, OTHER}, START) is None
    assert wrong_check_in(CheckedIn({ONE: ("present", at(301))}), {ONE}, START) == "present or late is wrong"


def test_a_mark_is_in_the_history_once_per_change() -> None:
    decided = ["present", "late", "late", "absent"]
    assert wrong_mark_history(decided, ["present", "late", "absent"]) is None
    assert wrong_mark_history(decided, ["present", "late"]) == "lost: a mark in the history"
    assert wrong_mark_history(decided, ["present", "late", "late", "absent"]) == "double: a mark in the history"


def sign(second: float, activity: str | None = None) -> Sign:
    """A sign of life that is seen within two seconds."""
    return Sign(at(second), at(second + 2), activity)


def calm(*stretches: tuple[float, float]) -> Calm:
    """Redis answered within these."""
    return Calm([(at(start), at(end)) for start, end in stretches])


def test_what_sockets_proved_is_not_wrong() -> None:
    assert wrong_sitting([sign(0), sign(15), sign(300)], [], stored(1, 16, 301)) is None
    assert wrong_sitting([], [sign(0)], None) is None


def test_a_sign_of_life_that_was_kept_and_is_missing_is_found() -> None:
    assert wrong_sitting([sign(0)], [], None) == "lost: no presence at all"
    assert wrong_sitting([sign(0), sign(300)], [], stored(1)) == "lost: a sign of life"


def test_a_hole_that_no_killed_gateway_explains_is_found() -> None:
    runs = stored(1, 80)
    assert wrong_sitting([sign(0), sign(79)], [], runs) is None, "they may have been more than G apart"
    assert wrong_sitting([sign(0), sign(40), sign(79)], [], runs) is not None


def test_presence_that_no_socket_proved_is_found_unless_a_sign_in_doubt_explains_it() -> None:
    assert wrong_sitting([sign(0)], [], stored(1, 30)) == "seconds were credited that nobody proved"
    assert wrong_sitting([sign(0)], [sign(29)], stored(1, 30)) is None


def test_an_activity_by_socket_is_counted_once() -> None:
    kept, young = [sign(0, "draw"), sign(5, "draw")], [sign(10, "draw")]
    assert wrong_sitting(kept, young, stored(1, 6, activities={"draw": 3})) is None
    assert wrong_sitting(kept, young, stored(1, 6, activities={"draw": 4})) == "double: 1 activities"
    assert wrong_sitting(kept, young, stored(1, 6, activities={"draw": 1})) == "lost: 1 activities"


def test_a_sign_counts_once_its_gateway_lived_on_while_redis_answered() -> None:
    life = Life([sign(0), sign(20)], is_in=True, ended=at(24))
    sitting = Sitting([life])
    assert sitting.signs(calm((0, 100))) == ([sign(0)], [sign(20)])
    assert sitting.signs(calm((0, 1), (22, 100))) == ([], [sign(0), sign(20)]), "Redis was away until just before"
    assert sitting.signs(calm()) == ([], [sign(0), sign(20)])
    life.ended = None
    assert sitting.signs(calm()) == ([sign(0), sign(20)], []), "no fault came after"
    life.is_in = False
    assert sitting.signs(calm((0, 100))) == ([], [sign(0), sign(20)])


def seat(*, is_in: bool = True, ended: float | None = None) -> Life:
    """A socket that gave 25 signs of life within a minute."""
    return Life([sign(2 * number) for number in range(25)], is_in, None if ended is None else at(ended))


def test_doubts_are_no_proof_where_everything_is_in_doubt() -> None:
    lost, last = seat(ended=100), seat()
    assert wrong_doubts([lost, last], calm((0, 100))) is None
    assert wrong_doubts([last], calm()) is None, "nobody killed its gateway"
    assert wrong_doubts([lost, *[last] * 9], calm()) == (
        "nothing was judged of presence by socket that was lost: 0 of 25 signs of life are owed"
    )
    assert wrong_doubts([seat(is_in=False)], calm((0, 100))) == (
        "nothing was judged of presence by socket: 0 of 25 signs of life are owed"
    )


def test_nothing_is_said_of_few_signs_and_of_sockets_that_were_lost_at_once() -> None:
    assert wrong_doubts([Life([sign(0)], is_in=False)], calm()) is None
    assert wrong_doubts([seat(ended=10), seat()], calm()) is None


def test_calm_is_as_long_as_answers_came_without_a_break() -> None:
    watched = Calm()
    for second in (0, 0.5, 1, 1.5, 2, 2.5, 3, 10, 10.5):
        watched.answered(at(second))
    assert watched.between(at(-5), at(5))
    assert not watched.between(at(0.5), at(5)), "less than it takes to be sure"
    assert not watched.between(at(4), at(100))
