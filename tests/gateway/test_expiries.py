"""Who is due is found among those who come, go and are renewed, whenever that is looked for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.expiries import WIDTH
from gateway.hub import Hub
from tests.gateway.twins import client

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MOMENTS = st.integers(-3 * WIDTH, 3 * WIDTH).map(lambda seconds: NOON + timedelta(seconds=seconds))
HAPPENINGS = st.lists(st.tuples(st.sampled_from(["come", "go", "renew"]), st.integers(0, 9), MOMENTS), max_size=40)


@given(HAPPENINGS, MOMENTS)
def test_exactly_those_are_due_whose_token_has_ended(
    happenings: list[tuple[str, int, datetime]], now: datetime
) -> None:
    hub, people = Hub(), [client()[0] for _ in range(10)]
    for what, number, until in happenings:
        who = people[number]
        identity = replace(who.identity, expires_at=until)
        if what == "go":
            hub.dismiss(who)
        elif who in hub.clients:
            hub.renew(who, identity)
        else:
            who.identity = identity
            hub.admit(who)
    due = hub.expiries.due(now)
    assert set(due) == {who for who in hub.clients if who.identity.expires_at <= now}
    assert len(due) == len(set(due))


def test_nothing_is_kept_of_those_who_have_gone() -> None:
    hub, people = Hub(), [client()[0] for _ in range(50)]
    for who in people:
        hub.admit(who)
    for who in people:
        hub.dismiss(who)
    assert not hub.expiries._times
