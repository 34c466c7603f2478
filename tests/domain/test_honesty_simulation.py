"""The simulated class with colluders: nobody honest is refused, few are flagged, and it can be repeated."""

from random import Random

import pytest

from loadtests.honesty.__main__ import main
from loadtests.honesty.people import HONEST, Kind
from loadtests.honesty.term import Record, hold_term
from shared.domain.refusals import Code
from shared.domain.words import FlagKind


@pytest.fixture(scope="module")
def fenced() -> list[Record]:
    """A term of five classes, with a fence."""
    chance = Random(20260302)
    return [record for _ in range(5) for record in hold_term(chance, 100, 14, fenced=True)]


@pytest.fixture(scope="module")
def open_to_all() -> list[Record]:
    """The same without a fence."""
    chance = Random(20260302)
    return [record for _ in range(5) for record in hold_term(chance, 100, 14, fenced=False)]


def of(records: list[Record], *kinds: Kind) -> list[Record]:
    """Those of some kinds."""
    return [record for record in records if record.student.kind in kinds]


def test_nobody_honest_is_refused_and_at_most_one_in_a_hundred_flagged(
    fenced: list[Record], open_to_all: list[Record]
) -> None:
    for records in (fenced, open_to_all):
        honest = of(records, *HONEST)
        assert all(record.accepted == record.sessions for record in honest)
        assert sum(bool(record.flags) for record in honest) <= len(honest) / 100


def test_an_old_photo_is_refused(open_to_all: list[Record]) -> None:
    old = of(open_to_all, Kind.RELAY_25)
    assert sum(record.accepted for record in old) < sum(record.sessions for record in old) / 20


def test_a_quick_one_is_seen_in_the_end(open_to_all: list[Record]) -> None:
    assert any(FlagKind.LATE_IN_STEP in record.flags for record in of(open_to_all, Kind.RELAY_10))


def test_one_phone_for_five_is_seen_at_once(open_to_all: list[Record]) -> None:
    assert all(FlagKind.SHARED_DEVICE in record.flags for record in of(open_to_all, Kind.ONE_PHONE))


def test_a_fence_keeps_out_who_is_away_and_does_not_lie(fenced: list[Record]) -> None:
    assert all(not record.accepted for record in of(fenced, Kind.AT_HOME))
    assert all(record.refused[Code.OUTSIDE_GEOFENCE] for record in of(fenced, Kind.AT_HOME))
    assert all(record.accepted for record in of(fenced, Kind.SPOOFED)), "location is one weak signal"


def test_a_seed_repeats_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for _ in range(2):
        main(["--seed", "7", "--classes", "1"])
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert "honest students: 0 of" in said[0]
