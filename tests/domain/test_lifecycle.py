"""The life of a session: which changes exist (1-domain)."""

from itertools import product

import pytest

from shared.domain.lifecycle import must_change
from shared.domain.refusals import Code, Refused
from shared.domain.words import SessionStatus

SCHEDULED, ACTIVE, COMPLETED, CANCELLED = SessionStatus
WAYS = {(SCHEDULED, ACTIVE), (ACTIVE, COMPLETED), (SCHEDULED, CANCELLED), (ACTIVE, CANCELLED)}
NEW = [ACTIVE, COMPLETED, CANCELLED]


@pytest.mark.parametrize(("old", "new"), sorted(WAYS))
def test_a_way_that_exists_is_a_change(old: SessionStatus, new: SessionStatus) -> None:
    assert must_change(old, new)


@pytest.mark.parametrize("status", NEW)
def test_where_one_is_already_nothing_changes(status: SessionStatus) -> None:
    assert not must_change(status, status)


@pytest.mark.parametrize(
    ("old", "new"), [pair for pair in product(SessionStatus, NEW) if pair not in WAYS and pair[0] != pair[1]]
)
def test_every_other_way_is_refused(old: SessionStatus, new: SessionStatus) -> None:
    with pytest.raises(Refused) as refused:
        must_change(old, new)
    assert refused.value.code == Code.SESSION_NOT_ACTIVE
    assert old in refused.value.detail


def test_only_completed_and_cancelled_sessions_are_over() -> None:
    assert [status for status in SessionStatus if status.is_over] == [COMPLETED, CANCELLED]
