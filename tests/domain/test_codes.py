"""Rotating codes: what is genuine, and when it is accepted (5-security)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.codes import (
    ALPHABET,
    MARGIN,
    MAX_GENERATION,
    MAX_REFERENCE,
    RECENT_STEPS,
    CodeFace,
    check_step,
    decode32,
    encode32,
    find_short_step,
    make_short_code,
    make_token,
    parse_token,
    session_key,
    tidy_short_code,
)
from shared.domain.refusals import Code, Refused

SECRET = b"a secret of at least thirty-two bytes"
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FACE = CodeFace(reference=0xABCDE12345, generation=3, epoch=NINE, rotate_seconds=15, visible=True)
MS = timedelta(milliseconds=1)


def refused_as(code: Code, face: CodeFace, step: int, now: datetime, generation: int = FACE.generation) -> bool:
    """Whether a step is refused with exactly this code."""
    with pytest.raises(Refused) as refused:
        check_step(face, generation, step, now)
    return refused.value.code == code


@given(st.binary(min_size=5, max_size=40).filter(lambda value: len(value) % 5 == 0))
def test_base_32_is_read_as_it_was_written(value: bytes) -> None:
    assert decode32(encode32(value)) == value


@given(
    reference=st.integers(0, MAX_REFERENCE), generation=st.integers(0, MAX_GENERATION), step=st.integers(0, 2**24 - 1)
)
def test_a_token_says_what_it_was_made_of(reference: int, generation: int, step: int) -> None:
    parsed = parse_token(SECRET, make_token(SECRET, replace(FACE, reference=reference, generation=generation), step))
    assert (parsed.reference, parsed.generation, parsed.step) == (reference, generation, step)


def test_a_token_is_32_characters_of_qr_alphanumeric_mode() -> None:
    token = make_token(SECRET, FACE, 7)
    assert len(token) == 32
    assert set(token) <= set(ALPHABET)


def test_every_other_character_in_every_place_is_refused() -> None:
    token = make_token(SECRET, FACE, 7)
    for place, right in enumerate(token):
        for wrong in set(ALPHABET + "abcdILOUilou-_ \n\0") - {right}:
            with pytest.raises(Refused, match="code_invalid"):
                parse_token(SECRET, token[:place] + wrong + token[place + 1 :])


def test_every_flipped_bit_of_a_token_is_refused() -> None:
    raw = decode32(make_token(SECRET, FACE, 7))
    for bit in range(len(raw) * 8):
        flipped = (int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw))
        with pytest.raises(Refused, match="code_invalid"):
            parse_token(SECRET, encode32(flipped))


@pytest.mark.parametrize("text", ["", "A", make_token(SECRET, FACE, 0) + "0", make_token(SECRET, FACE, 0)[:-1]])
def test_a_token_of_another_length_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="code_invalid"):
        parse_token(SECRET, text)


def test_a_token_under_another_secret_is_refused() -> None:
    with pytest.raises(Refused, match="code_invalid"):
        parse_token(SECRET, make_token(SECRET + b"!", FACE, 7))


def test_only_genuine_tokens_are_remembered() -> None:
    """So forged ones can neither fill the memory nor push out a class's code."""
    parse_token.cache_clear()
    token = make_token(SECRET, FACE, 1)
    for forged in (token[:-1] + ("0" if token[-1] != "0" else "1"), "0" * 32):
        with pytest.raises(Refused):
            parse_token(SECRET, forged)
    assert parse_token.cache_info().currsize == 0
    assert parse_token(SECRET, token) is parse_token(SECRET, token)


def test_sessions_have_different_keys() -> None:
    assert session_key(SECRET, 1) != session_key(SECRET, 2)
    assert len(session_key(SECRET, 1)) == 32


def test_a_step_begins_at_its_first_millisecond() -> None:
    begins = FACE.step_end(3)
    assert (FACE.step_at(begins - MS), FACE.step_at(begins), FACE.step_at(begins + MS)) == (3, 4, 4)


def test_before_the_epoch_the_first_step_is_shown() -> None:
    assert FACE.step_at(NINE - timedelta(hours=1)) == 0


def test_a_scans_age_counts_from_the_begin_of_its_step() -> None:
    begun = NINE + timedelta(seconds=15 * 4)
    assert [FACE.age_ms(4, begun + late) for late in (-MS, 0 * MS, 3 * MS + MS / 2)] == [0, 0, 3]


@pytest.mark.parametrize("late", [-MS, timedelta(0)])
def test_a_step_is_accepted_until_its_end_plus_the_margin(late: timedelta) -> None:
    check_step(FACE, FACE.generation, 3, FACE.step_end(3) + MARGIN + late)


def test_a_millisecond_past_the_margin_a_step_is_expired() -> None:
    assert refused_as(Code.CODE_EXPIRED, FACE, 3, FACE.step_end(3) + MARGIN + MS)


def test_a_step_that_was_not_shown_yet_is_invalid() -> None:
    assert refused_as(Code.CODE_INVALID, FACE, 4, FACE.step_end(3) - MS)


def test_a_step_is_accepted_from_its_first_moment() -> None:
    check_step(FACE, FACE.generation, 4, FACE.step_end(3))


@pytest.mark.parametrize("generation", [FACE.generation - 1, FACE.generation + 1])
def test_codes_of_another_generation_are_expired(generation: int) -> None:
    assert refused_as(Code.CODE_EXPIRED, FACE, 0, NINE, generation)


def test_hidden_beats_expired() -> None:
    assert refused_as(Code.CODE_HIDDEN, replace(FACE, visible=False), 0, NINE + timedelta(hours=1))


def test_a_short_code_finds_its_step() -> None:
    now = FACE.step_end(9) - MS
    assert find_short_step(SECRET, FACE, make_short_code(SECRET, FACE, 9), now) == 9


def test_a_short_code_of_the_step_before_is_accepted_within_the_margin() -> None:
    assert find_short_step(SECRET, FACE, make_short_code(SECRET, FACE, 9), FACE.step_end(9) + MARGIN) == 9


@pytest.mark.parametrize(("back", "code"), [(RECENT_STEPS - 1, "code_expired"), (RECENT_STEPS, "code_invalid")])
def test_a_short_code_is_recognised_as_expired_for_a_while(back: int, code: str) -> None:
    now = FACE.step_end(50) - MS
    with pytest.raises(Refused, match=code):
        find_short_step(SECRET, FACE, make_short_code(SECRET, FACE, 50 - back), now)


def test_a_short_code_of_the_generation_before_is_expired() -> None:
    with pytest.raises(Refused, match="code_expired"):
        find_short_step(SECRET, FACE, make_short_code(SECRET, FACE, 0, FACE.generation - 1), NINE)


def test_while_hidden_any_short_code_is_hidden() -> None:
    hidden = replace(FACE, visible=False)
    for code in (make_short_code(SECRET, FACE, 0), "00000000"):
        with pytest.raises(Refused, match="code_hidden"):
            find_short_step(SECRET, hidden, code, NINE)


def test_short_codes_of_two_sessions_differ() -> None:
    assert make_short_code(SECRET, FACE, 0) != make_short_code(SECRET, replace(FACE, reference=1), 0)


@pytest.mark.parametrize("typed", ["abcd0123", "ABCD-0123", " ab cd-oi 23 ", "ABCDOL23", "abcdo1-23"])
def test_a_short_code_may_be_typed_sloppily(typed: str) -> None:
    assert tidy_short_code(typed) == "ABCD0123"


@pytest.mark.parametrize("typed", ["", "ABCD012", "ABCD01234", "ABCDU123", "ABCD012\0", "АBCD0123", "ABCD012٣"])
def test_what_cannot_be_a_short_code_is_invalid(typed: str) -> None:
    with pytest.raises(Refused, match="code_invalid"):
        tidy_short_code(typed)
