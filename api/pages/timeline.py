"""The timeline on the live page: a table, which the script draws as a chart."""

from datetime import timedelta

from api.pages.dates import clock
from api.pages.shapes import TimelineRow, TimelineShown, wire_time
from api.services import Services
from api.sessions import SessionRow
from api.timeline import MOST_SECONDS, ended, read_timeline
from shared.tokens import Identity

WIDTHS = (60, 120, 300, 600, 1800, MOST_SECONDS)
MOST_BARS = 90
"""More are thinner than a finger is wide, and nobody reads so long a table."""


def width_for(length: timedelta) -> int:
    """The narrowest buckets, in seconds, that give a chart one can read."""
    return next((width for width in WIDTHS if length <= MOST_BARS * timedelta(seconds=width)), MOST_SECONDS)


async def timeline_of(services: Services, who: Identity, row: SessionRow) -> TimelineShown | None:
    """The session so far; None before it has started."""
    if row.started_at is None:
        return None
    seconds = width_for(ended(row, services.now()) - row.started_at)
    shown = await read_timeline(services, who, row.id, seconds)
    zone = services.settings.zone
    rows = [
        TimelineRow(clock(each.start, zone), wire_time(each.start), each.check_ins, each.connected)
        for each in shown.buckets
    ]
    return TimelineShown(seconds, rows)
