"""Check-in tickets: genuine, personal, short-lived (5-security)."""

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.refusals import Refused
from shared.domain.tickets import (
    ID_BYTES,
    LIFE,
    CheckInTicket,
    check_holder,
    fingerprint,
    from_millis,
    seal,
    to_millis,
    unseal,
)

KEY = b"k" * 32
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TICKET = CheckInTicket(UUID(int=7), NINE, bytes(range(ID_BYTES)), fingerprint("phone"), fingerprint("ann"), 250)
TEXT = seal(KEY, TICKET)


@given(
    st.builds(
        CheckInTicket,
        session_id=st.uuids(),
        scanned_at=st.integers(0, 2**42).map(from_millis),
        ticket_id=st.binary(min_size=ID_BYTES, max_size=ID_BYTES),
        device=st.binary(min_size=8, max_size=8),
        user=st.binary(min_size=8, max_size=8),
        step_age_ms=st.integers(0, 2**32 - 1),
    )
)
def test_a_ticket_is_read_as_it_was_sealed(ticket: CheckInTicket) -> None:
    assert unseal(KEY, seal(KEY, ticket)) == ticket


def test_every_other_character_in_every_place_is_refused() -> None:
    """Also characters that a lenient base64 reader takes for the same: + for -, / for _."""
    for place, right in enumerate(TEXT):
        for wrong in set(string.printable) - {right}:
            with pytest.raises(Refused, match="code_invalid"):
                unseal(KEY, TEXT[:place] + wrong + TEXT[place + 1 :])


def test_a_ticket_has_exactly_one_spelling() -> None:
    """Some id makes a text with - and _; its twin in the other base64 alphabet is not the ticket."""
    for number in range(100):
        text = seal(KEY, replace(TICKET, ticket_id=number.to_bytes(ID_BYTES)))
        twin = text.replace("-", "+").replace("_", "/")
        if twin != text:
            with pytest.raises(Refused, match="code_invalid"):
                unseal(KEY, twin)


@pytest.mark.parametrize("text", ["", "A", TEXT[:-1], TEXT[:-4], TEXT + "AAAA", TEXT + "=", TEXT + "\n", "é" * 92])
def test_a_text_of_another_length_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="code_invalid"):
        unseal(KEY, text)


def test_a_ticket_under_another_key_is_refused() -> None:
    with pytest.raises(Refused, match="code_invalid"):
        unseal(b"x" * 32, TEXT)


def test_a_ticket_holds_to_the_end_of_its_life() -> None:
    check_holder(TICKET, "phone", "ann", NINE + LIFE)


def test_a_millisecond_later_it_is_expired() -> None:
    with pytest.raises(Refused, match="code_expired"):
        check_holder(TICKET, "phone", "ann", NINE + LIFE + timedelta(milliseconds=1))


@pytest.mark.parametrize(("device", "user"), [("other", "ann"), (None, "ann"), ("phone", "bob")])
def test_another_device_or_person_finds_it_used(device: str | None, user: str) -> None:
    with pytest.raises(Refused, match="code_already_used"):
        check_holder(TICKET, device, user, NINE)


def test_a_ticket_made_before_login_fits_whoever_logs_in_on_the_device() -> None:
    check_holder(replace(TICKET, user=bytes(8)), "phone", "anyone", NINE)


@given(st.timedeltas(timedelta(0), timedelta(days=50_000)))
def test_milliseconds_round_down(since: timedelta) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + since
    assert timedelta(0) <= moment - from_millis(to_millis(moment)) < timedelta(milliseconds=1)
