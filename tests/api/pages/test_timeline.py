"""The chart's buckets are wide enough to be read, however long the session is."""

from datetime import timedelta

import pytest

from api.pages.timeline import MOST_BARS, WIDTHS, width_for


@pytest.mark.parametrize(
    ("minutes", "seconds"), [(0, 60), (90, 60), (90.1, 120), (180, 120), (450, 300), (720, 600), (60 * 90, 3600)]
)
def test_a_longer_session_has_wider_buckets(minutes: float, seconds: int) -> None:
    assert width_for(timedelta(minutes=minutes)) == seconds


def test_the_widest_is_what_the_api_allows_and_holds_for_months() -> None:
    assert width_for(timedelta(days=200)) == WIDTHS[-1] == 3_600
    assert MOST_BARS * WIDTHS[-1] > 3 * 86_400
