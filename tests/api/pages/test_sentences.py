"""What workers wrote in English is said in the language of the reader, with the same numbers."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.pages.sentences import SENTENCES, in_words_of
from api.pages.texts import ENGLISH, GERMAN
from api.running import REST_REASON
from shared.domain import reasons
from shared.domain.words import Mark
from tests.api.pages.test_texts import BRACKETS
from tests.domain.oracle_cases import CASES, answer
from tests.domain.oracle_suggestion import Case
from workers.flags import PATTERNS

rules = settings(max_examples=300, deadline=None)
COUNTS = st.integers(0, 50_000)
STATUSES = st.lists(st.sampled_from([Mark.PRESENT, Mark.LATE, Mark.ABSENT]), max_size=9)


def numbers(sentence: str) -> list[str]:
    """Its numbers, in any order: a language may turn a sentence round. One may be a word."""
    return sorted(number for number in re.findall(r"\d+", sentence) if number != "1")


def judge(sentence: str) -> None:
    """It is recognised, and nothing of it is lost."""
    assert in_words_of(BRACKETS, sentence).startswith("[")
    assert in_words_of(ENGLISH, sentence) == sentence
    german = in_words_of(GERMAN, sentence)
    assert german != sentence
    assert numbers(german) == numbers(sentence)


@rules
@given(CASES)
def test_every_reason_is_known(case: Case) -> None:
    suggestion = answer(case)
    for sentence in suggestion.reasons if suggestion else ():
        judge(sentence)


@rules
@given(COUNTS, COUNTS.filter(bool), STATUSES)
def test_every_recommendation_is_known(sure: int, unsure: int, statuses: list[Mark]) -> None:
    said = [reasons.accept(sure, unsure), reasons.accept(sure + 1, 0), reasons.still_running(statuses)]
    for sentence in (*said, reasons.NO_WHITEBOARD, reasons.NO_TIME, reasons.NOBODY):
        judge(sentence)


@pytest.mark.parametrize("mark", [Mark.PRESENT, Mark.LATE])
def test_a_mark_in_a_sentence_is_a_word_too(mark: Mark) -> None:
    german = in_words_of(GERMAN, reasons.checked_in(mark, datetime(2026, 3, 2, 9, 4, 5, tzinfo=UTC)))
    assert ("anwesend" if mark is Mark.PRESENT else "verspätet") in german
    assert "09:04:05 UTC" in german


def test_numbers_are_written_as_the_language_writes_them() -> None:
    german = in_words_of(GERMAN, "Connected 5.02 min after the start; late after 2.5 min")
    assert german == "5,02\N{NO-BREAK SPACE}min nach Beginn verbunden; verspätet nach 2,5\N{NO-BREAK SPACE}min"
    assert "2E-8" in in_words_of(GERMAN, "Connected 2E-8 min after the start; late after 0 min")


@pytest.mark.parametrize(
    "detail",
    [
        "Up to 250 m from the centre, which is outside the fence",
        "The phone did not say where it was",
        "Came from outside the campus networks",
        *(sentence.format(hits=3, of=4) for *_, sentence in PATTERNS),
    ],
)
def test_every_detail_of_a_flag_is_known(detail: str) -> None:
    judge(detail)


def test_numbers_of_students_are_no_numbers() -> None:
    detail = "Checked in on the same device as 12.34.56, S-7"
    judge(detail)
    assert in_words_of(GERMAN, detail).endswith("12.34.56, S-7")


def test_the_reason_of_whoever_was_left_is_known() -> None:
    judge(REST_REASON)


def test_what_nobody_knows_stays_as_it_was_written() -> None:
    """Of an older version, or of a policy that somebody else wrote."""
    for sentence in ("Present because I say so", "", "Connected many times; one level less confident above 3"):
        assert in_words_of(GERMAN, sentence) == sentence


def test_no_two_sentences_can_be_taken_for_each_other() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES)
