"""Presence is a function of the set of points (1-domain 1.1)."""

import random
from datetime import datetime, timedelta
from itertools import pairwise
from time import process_time
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.presence import (
    GAP,
    MAX_KINDS,
    OTHER,
    Presence,
    Run,
    active_time,
    add_activities,
    clip,
    covered,
    fold,
    is_connected,
    is_kind,
    merge,
    runs_covering,
    runs_of,
    timeouts,
)
from tests.domain.oracles import MICROSECOND, NINE, credited, stays, ticks

rules = settings.get_profile("rules")

STEP = st.one_of(
    st.sampled_from([timedelta(0), MICROSECOND, GAP - MICROSECOND, GAP, GAP + MICROSECOND, 2 * GAP]),
    st.timedeltas(timedelta(0), timedelta(minutes=4)),
)
"""From one point to the next: often just at the border."""


@st.composite
def walks(draw: st.DrawFn) -> list[datetime]:
    """Points of one participant, in any order and with duplicates."""
    moment, points = NINE, []
    for step in draw(st.lists(STEP, max_size=30)):
        moment += step
        points.append(moment)
    again = draw(st.lists(st.sampled_from(points), max_size=10)) if points else []
    return draw(st.permutations(points + again))


POINTS = walks()
RUNS = POINTS.map(runs_of)
MOMENT = st.timedeltas(timedelta(minutes=-10), timedelta(hours=2)).map(lambda since: NINE + since)


def at(*seconds: float) -> list[datetime]:
    """Moments so many seconds after nine."""
    return [NINE + timedelta(seconds=each) for each in seconds]


# --- runs ---------------------------------------------------------------------------------------------


@rules
@given(POINTS)
def test_runs_are_those_of_the_oracle(points: list[datetime]) -> None:
    assert [(ticks(run.first), ticks(run.last)) for run in runs_of(points)] == stays(points)


@rules
@given(POINTS, st.randoms(use_true_random=False))
def test_order_and_duplicates_change_nothing(points: list[datetime], chance: random.Random) -> None:
    shuffled = points * 2
    chance.shuffle(shuffled)
    assert runs_of(shuffled) == runs_of(points)


@rules
@given(POINTS, st.data())
def test_any_split_into_batches_in_any_order_gives_the_same_runs(points: list[datetime], data: st.DataObject) -> None:
    batch_of = data.draw(st.lists(st.integers(0, 4), min_size=len(points), max_size=len(points)))
    batches = [[p for p, b in zip(points, batch_of, strict=True) if b == batch] for batch in range(5)]
    stored = merge()
    for batch in data.draw(st.permutations(batches)):
        stored = merge(stored, runs_of(batch))
    assert stored == runs_of(points)


@rules
@given(RUNS, RUNS, RUNS)
def test_merging_is_commutative_associative_and_idempotent(a: list[Run], b: list[Run], c: list[Run]) -> None:
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c)) == merge(a, b, c)
    assert merge(a, a) == merge(a) == tuple(a)


@rules
@given(POINTS, POINTS)
def test_stored_runs_and_new_points_give_the_runs_of_all_points(old: list[datetime], new: list[datetime]) -> None:
    assert merge(runs_of(old), runs_of(new)) == runs_of(old + new)


@pytest.mark.parametrize(
    ("step", "connects"), [(GAP - MICROSECOND, 1), (GAP, 1), (GAP + MICROSECOND, 2), (timedelta(0), 1)]
)
def test_a_run_holds_up_to_exactly_75_seconds(step: timedelta, connects: int) -> None:
    assert len(runs_of([NINE, NINE + step])) == connects
    assert len(merge([Run(NINE, NINE)], [Run(NINE + step, NINE + step)])) == connects


def test_no_points_make_no_runs_and_one_point_makes_one_of_no_length() -> None:
    assert runs_of([]) == ()
    assert runs_of([NINE]) == (Run(NINE, NINE),)


def test_a_page_that_beats_once_a_minute_is_connected_throughout() -> None:
    assert runs_of(at(*range(0, 3601, 60))) == (Run(NINE, NINE + timedelta(hours=1)),)


# --- active seconds -----------------------------------------------------------------------------------


@rules
@given(POINTS)
def test_active_time_is_that_of_the_oracle(points: list[datetime]) -> None:
    everything = (NINE - timedelta(days=1), NINE + timedelta(days=1))
    assert active_time(runs_of(points)) == credited(points, *everything) * MICROSECOND


@rules
@given(POINTS)
def test_active_time_is_never_more_than_wall_time(points: list[datetime]) -> None:
    wall = max(points) - min(points) if points else timedelta(0)
    assert timedelta(0) <= active_time(runs_of(points)) <= wall


@rules
@given(POINTS, MOMENT)
def test_one_more_point_never_takes_time_away(points: list[datetime], another: datetime) -> None:
    assert active_time(runs_of([*points, another])) >= active_time(runs_of(points))


@rules
@given(POINTS, POINTS)
def test_two_tabs_or_devices_are_counted_once(laptop: list[datetime], phone: list[datetime]) -> None:
    both = active_time(merge(runs_of(laptop), runs_of(phone)))
    everything = laptop + phone
    assert both <= (max(everything) - min(everything) if everything else timedelta(0))
    assert both >= max(active_time(runs_of(laptop)), active_time(runs_of(phone)))


def test_a_second_tab_open_all_the_time_adds_nothing() -> None:
    assert runs_of(at(*range(0, 3601, 15), *range(5, 3600, 15))) == runs_of(at(*range(0, 3601, 15)))


def test_a_gap_is_not_credited_and_a_vanished_client_only_up_to_its_last_point() -> None:
    runs = runs_of(at(0, 15, 30, 300, 315))
    assert (active_time(runs), len(runs)) == (timedelta(seconds=45), 2)


# --- clipping -----------------------------------------------------------------------------------------


@rules
@given(POINTS, MOMENT, MOMENT)
def test_clipped_time_is_that_of_the_oracle(points: list[datetime], one: datetime, other: datetime) -> None:
    start, end = sorted([one, other])
    assert active_time(clip(runs_of(points), start, end)) == credited(points, start, end) * MICROSECOND


@rules
@given(RUNS, MOMENT, MOMENT)
def test_clipped_runs_lie_in_the_window_and_within_the_runs(runs: list[Run], one: datetime, other: datetime) -> None:
    start, end = sorted([one, other])
    clipped = clip(runs, start, end)
    assert all(start <= run.first <= run.last <= end for run in clipped)
    assert all(any(run.first <= cut.first and cut.last <= run.last for run in runs) for cut in clipped)


@rules
@given(RUNS, MOMENT, MOMENT, MOMENT)
def test_time_in_two_neighbouring_windows_adds_up(runs: list[Run], a: datetime, b: datetime, c: datetime) -> None:
    start, middle, end = sorted([a, b, c])
    halves = active_time(clip(runs, start, middle)) + active_time(clip(runs, middle, end))
    assert halves == active_time(clip(runs, start, end))


def test_a_run_that_only_touches_the_window_is_a_moment_in_it() -> None:
    runs = runs_of(at(0, 60))
    assert clip(runs, *at(60, 90)) == (Run(*at(60, 60)),)
    assert clip(runs, *at(-30, 0)) == (Run(*at(0, 0)),)
    assert clip(runs, NINE + timedelta(seconds=60, microseconds=1), at(90)[0]) == ()


# --- the stored form ----------------------------------------------------------------------------------


@rules
@given(POINTS)
def test_the_stored_form_is_read_as_it_was_written(points: list[datetime]) -> None:
    runs = runs_of(points)
    assert runs_covering(covered(runs)) == runs


@rules
@given(POINTS)
def test_active_time_is_the_stored_length_less_75_seconds_per_run(points: list[datetime]) -> None:
    ranges = covered(runs_of(points))
    assert active_time(runs_of(points)) == sum((b - a for a, b in ranges), timedelta(0)) - len(ranges) * GAP


@rules
@given(POINTS)
def test_stored_ranges_never_touch(points: list[datetime]) -> None:
    """PostgreSQL would join ranges that do, and the number of ranges would not be the number of runs."""
    assert all(before[1] < after[0] for before, after in pairwise(covered(runs_of(points))))


# --- batches ------------------------------------------------------------------------------------------


@rules
@given(st.dictionaries(st.uuids(), POINTS, max_size=4), st.randoms(use_true_random=False))
def test_a_batch_of_many_participants_gives_each_their_own_runs(
    everybody: dict[UUID, list[datetime]], chance: random.Random
) -> None:
    batch = [(who, point) for who, points in everybody.items() for point in points]
    chance.shuffle(batch)
    assert fold(batch) == {who: runs_of(points) for who, points in everybody.items() if points}


def test_a_batch_of_five_thousand_points_is_folded_in_a_fraction_of_what_writing_it_costs() -> None:
    """Writing them takes PostgreSQL about 50 ms (103,000 points a second)."""
    people = [UUID(int=number) for number in range(1_000)]
    batch = [(people[n % 1_000], NINE + timedelta(seconds=n)) for n in range(5_000)]
    begun = process_time()
    for _ in range(10):
        fold(batch)
    assert (process_time() - begun) / 10 < 0.05


# --- connected now ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "left", "takes_events", "connected"),
    [
        (timedelta(0), None, True, True),
        (GAP, None, True, True),
        (GAP + MICROSECOND, None, True, False),
        (timedelta(0), None, False, False),
        (timedelta(0), timedelta(0), True, False),
        (timedelta(0), -MICROSECOND, True, True),
    ],
)
def test_connected_now_means_a_point_within_75_seconds_and_no_disconnect_after(
    since: timedelta, left: timedelta | None, takes_events: bool, connected: bool
) -> None:
    disconnected = None if left is None else NINE + left
    assert is_connected(NINE, disconnected, takes_events, NINE + since) == connected
    assert Presence(runs_of([NINE]), disconnected).connected(takes_events, NINE + since) == connected


def test_somebody_who_never_came_is_not_connected() -> None:
    nobody = Presence()
    assert not nobody.connected(True, NINE)
    assert (nobody.first_connected_at, nobody.last_activity_at, nobody.connects) == (None, None, 0)


@rules
@given(POINTS, POINTS, st.none() | MOMENT, st.none() | MOMENT)
def test_presence_is_joined_in_any_order_and_any_number_of_times(
    a: list[datetime], b: list[datetime], left: datetime | None, gone: datetime | None
) -> None:
    one, other = Presence(runs_of(a), left), Presence(runs_of(b), gone)
    both = one.joined(other)
    assert both == other.joined(one) == both.joined(one) == both.joined(both)
    assert both.last_disconnected_at == max((at for at in (left, gone) if at), default=None)


def test_presence_says_what_is_kept() -> None:
    presence = Presence(runs_of(at(0, 30, 200, 260)))
    assert (presence.first_connected_at, presence.last_activity_at) == tuple(at(0, 260))
    assert (presence.active, presence.connects) == (timedelta(seconds=90), 2)


# --- timeouts -----------------------------------------------------------------------------------------


def test_a_vanished_client_times_out_at_its_last_proof_of_life_once_75_seconds_have_passed() -> None:
    runs = runs_of(at(0, 60))
    assert timeouts(runs, (), True, runs[-1].last + GAP) == ()
    assert timeouts(runs, (), True, runs[-1].last + GAP + MICROSECOND) == (runs[-1].last,)


def test_the_end_of_the_session_times_out_at_once() -> None:
    assert timeouts(runs_of(at(0, 60)), (), False, NINE) == tuple(at(60))


def test_who_said_goodbye_does_not_time_out() -> None:
    assert timeouts(runs_of(at(0, 60)), at(60), False, NINE) == ()


def test_every_silence_is_a_timeout_of_its_own() -> None:
    assert timeouts(runs_of(at(0, 200, 400)), at(200), True, at(410)[0]) == tuple(at(0))


# --- activities ---------------------------------------------------------------------------------------

KIND = st.sampled_from([f"kind_{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"] + [OTHER])
COUNTS = st.dictionaries(KIND, st.integers(1, 50))


@rules
@given(st.lists(COUNTS, max_size=5).flatmap(lambda parts: st.tuples(st.just(parts), st.permutations(parts))))
def test_activities_are_counted_the_same_in_any_order_and_split(
    parts: tuple[list[dict[str, int]], list[dict[str, int]]],
) -> None:
    at_once = add_activities(*parts[0])
    one_by_one: dict[str, int] = {}
    for part in parts[1]:
        one_by_one = add_activities(one_by_one, part)
    assert one_by_one == at_once


@rules
@given(COUNTS)
def test_no_activity_is_lost_and_at_most_20_kinds_keep_their_name(counts: dict[str, int]) -> None:
    kept = add_activities(counts)
    assert sum(kept.values()) == sum(counts.values())
    assert len(kept.keys() - {OTHER}) == min(MAX_KINDS, len(counts.keys() - {OTHER}))


def test_the_21st_kind_counts_as_other() -> None:
    counts = {f"kind_{letter}": 1 for letter in "abcdefghijklmnopqrst"}
    assert add_activities(counts, {"type": 3}) == {**counts, OTHER: 3}


@pytest.mark.parametrize("word", ["", "Draw", "draw-line", "draw2", "a" * 33, "draw\n", "é"])
def test_a_word_that_is_no_kind_counts_as_other(word: str) -> None:
    assert not is_kind(word)
    assert add_activities({word: 2}) == {OTHER: 2}


@pytest.mark.parametrize("word", ["a", "_", "draw_line", "a" * 32])
def test_kinds_are_up_to_32_lower_case_letters_and_underscores(word: str) -> None:
    assert is_kind(word)
