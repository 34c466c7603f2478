"""Messages between processes are read as they were written, and nothing else is (shared.messages)."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.words import Mark, SessionStatus, Via
from shared.messages import control, events
from shared.messages.events import CheckInAccepted, MarksChanged, SessionStatusChanged

MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CHECK_INS = st.builds(
    CheckInAccepted,
    id=st.uuids(),
    session_id=st.uuids(),
    student_id=st.uuids(),
    status=st.sampled_from([Mark.PRESENT, Mark.LATE]),
    via=st.sampled_from(Via),
    scanned_at=MOMENTS,
    accepted_at=MOMENTS,
    ticket_id=st.none() | st.binary(min_size=10, max_size=10),
    step_age_ms=st.none() | st.integers(0, 2**32 - 1),
    client_scanned_at=st.none() | MOMENTS,
)
CHANGES = st.builds(
    SessionStatusChanged,
    session_id=st.uuids(),
    old_status=st.none() | st.sampled_from(SessionStatus),
    new_status=st.sampled_from(SessionStatus),
    changed_at=MOMENTS,
    reason=st.none() | st.text(max_size=20),
)
MARKS = st.builds(MarksChanged, session_id=st.uuids(), student_ids=st.lists(st.uuids(), max_size=3).map(tuple))


@given(CHECK_INS | CHANGES | MARKS)
def test_an_event_is_read_as_it_was_written(event: events.Event) -> None:
    assert events.decode(events.encode(event)) == event


def test_an_old_entry_without_the_newer_fields_stays_readable() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    event = CheckInAccepted(uuid4(), uuid4(), uuid4(), Mark.PRESENT, Via.TOKEN, now, now)
    whole = msgspec.msgpack.decode(events.encode(event))
    assert events.decode(msgspec.msgpack.encode(whole[:8])) == event


@given(st.binary(max_size=100))
def test_anything_else_is_refused_as_unreadable(payload: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        events.decode(payload)


@pytest.mark.parametrize(
    "message",
    [control.SessionFactsChanged(uuid4()), control.TokenRevoked("a"), control.PersonDisabled(uuid4())],
)
def test_a_control_message_is_read_as_it_was_written(message: control.Control) -> None:
    assert control.decode(control.encode(message)) == message


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b'{"type":"x"}', b'{"type":"session","session_id":"x"}'])
def test_an_unreadable_control_message_is_refused(payload: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        control.decode(payload)
