"""A session over time: check-ins and connected students per bucket (2-http-api 2.1).

Everything is counted in SQL from facts: first check-ins by the time of their scan, and the runs of presence. A student
counts as connected in every bucket that one of their runs touches, once. Work grows with the number of runs, not with
students × buckets: each run adds one where it begins and takes it back where it ends.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import text

from api.fields import CamelBody, CamelView
from api.ownership import as_person, require_staff
from api.problems import FieldError, malformed
from api.services import Services
from api.sessions import SessionRow, load
from shared.tokens import Identity

MOST_BUCKETS = 5_000
"""In one answer: half a day in buckets of 10 s."""
LEAST_SECONDS, MOST_SECONDS = 10, 3_600

_PLACE = "least(:last, greatest(0, floor(extract(epoch FROM {moment} - :start) / :seconds)::integer))"
_COUNTS = """
    WITH first AS (
        SELECT DISTINCT ON (student_id) scanned_at AS at FROM check_ins WHERE session_id = :id
        ORDER BY student_id, accepted_at
    ), arrivals AS (
        SELECT {at} AS place, count(*) AS many FROM first GROUP BY 1
    ), runs AS (
        SELECT p.user_id, lower(run) AS began, upper(run) - interval '75 s' AS ended
        FROM presence p, unnest(p.covered) AS run WHERE p.session_id = :id AND p.user_type = 'student'
    ), held AS (
        SELECT range_agg(int4range({began}, {ended}, '[]')) AS places
        FROM runs WHERE ended >= :start AND began < :end GROUP BY user_id
    ), steps AS (
        SELECT lower(h) AS place, 1 AS step FROM held, unnest(places) AS h
        UNION ALL SELECT upper(h), -1 FROM held, unnest(places) AS h
    ), changes AS (SELECT place, sum(step) AS change FROM steps GROUP BY place)
    SELECT b.place, coalesce(a.many, 0) AS check_ins,
           coalesce(sum(c.change) OVER (ORDER BY b.place), 0) AS connected
    FROM generate_series(0, :last) AS b (place)
    LEFT JOIN arrivals a USING (place) LEFT JOIN changes c USING (place)
    ORDER BY b.place
"""
TIMELINE = text(_COUNTS.format(**{moment: _PLACE.format(moment=moment) for moment in ("at", "began", "ended")}))
"""Takes ``id``, ``start``, ``end``, ``seconds`` and ``last``, the place of the last bucket."""


class TimelineQuery(CamelBody):
    """The query of a timeline; ``bucket`` in seconds."""

    bucket: Annotated[int, Field(ge=LEAST_SECONDS, le=MOST_SECONDS)] = 60


class BucketView(CamelView):
    """What happened from ``start`` until the next bucket's."""

    start: datetime
    check_ins: int
    connected: int


class TimelineView(CamelView):
    """A session from its start to its end, or to now; no buckets before it has started."""

    bucket_seconds: int
    buckets: list[BucketView]


async def read_timeline(services: Services, who: Identity, session_id: UUID, seconds: int) -> TimelineView:
    """The timeline, for the session's teacher and admins; 422 where the buckets are too many."""
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id)
        require_staff(who)
        if row.started_at is None:
            return TimelineView(bucket_seconds=seconds, buckets=[])
        start, end = row.started_at, ended(row, services.now())
        last = _count(end - start, seconds) - 1
        values = {"id": session_id, "start": start, "end": end, "seconds": seconds, "last": last}
        rows = (await connection.execute(TIMELINE, values)).all()
    width = timedelta(seconds=seconds)
    buckets = [
        BucketView(start=start + place * width, check_ins=check_ins, connected=connected)
        for place, check_ins, connected in rows
    ]
    return TimelineView(bucket_seconds=seconds, buckets=buckets)


def ended(row: SessionRow, now: datetime) -> datetime:
    """Where the timeline of a session that has started ends."""
    assert row.started_at is not None
    return max(row.started_at, row.ended_at or now)


def _count(length: timedelta, seconds: int) -> int:
    """How many buckets a session has, the one that it begins in at least."""
    count = max(1, ceil(length / timedelta(seconds=seconds)))
    if count > MOST_BUCKETS:
        least = ceil(length.total_seconds() / MOST_BUCKETS)
        raise malformed(FieldError("bucket", f"is at least {least} for a session of this length"))
    return count
