"""Events drained per worker core, against COPY of the same rows into a log table: the least that keeping them costs.

The drain is the workers' own. Suggestions of a running session are computed twice a minute at most, by another queue:
they are measured apart, once per round, and then everything derived must be current.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.bench.figures import Figure, Ratio, Table
from loadtests.bench.servers import api_environment
from loadtests.campus import Campus, build_campus
from shared import keys
from shared.domain.words import Connection as Kind
from shared.domain.words import UserType
from shared.logs import configure_logs
from shared.messages.events import PointProven, encode
from workers.drain import drain
from workers.ports import Ports, make_ports
from workers.suggestions import compute

ROUNDS = 5
SESSIONS, STUDENTS = 100, 50
BEATS = 4
"""A minute of beats each round: a backlog as a worker finds it that was away for a minute."""
BEAT = timedelta(seconds=15)
PER_ENTRY = 100
"""Events per stream entry: between the API's micro-batches and the gateway's, which hold thousands."""

_LOG = """
    CREATE TABLE baseline_log (session_id uuid, user_id uuid, user_type text, event text, at timestamptz, activity text)
"""
_COPY = "COPY baseline_log FROM STDIN"
_CURRENT = text("""
    SELECT count(*) FILTER (WHERE p.total_active_seconds = :active AND p.connects = 1 AND p.connected) AS people,
           (SELECT sum(connected) FROM session_tallies) AS connected,
           (SELECT count(*) FROM session_suggestions WHERE facts_seen = facts) AS suggested
    FROM presence p
""")


def run(local: LocalServices) -> Iterator[str]:
    """Rounds of all over the same events."""
    settings = checked(api_environment(local, 0))
    configure_logs(settings, "bench")
    campus = build_campus(local.database_url, settings, sessions=SESSIONS, students=STUDENTS)
    ports = make_ports(settings, "bench")
    drained = Figure("drained, per CPU second of the worker"), Figure("drained, per second on the clock")
    copied = Figure("COPY, per CPU second of its client"), Figure("COPY, per second on the clock")
    suggested = Figure("people suggested for, per CPU second"), Figure("people suggested for, per second on the clock")
    people = SESSIONS * STUDENTS
    with psycopg.connect(local.database_url) as log:
        log.execute(_LOG)
        for number, points in enumerate(rounds(campus, datetime.now(UTC)), start=1):
            append(ports, points)
            note(drained, len(points), partial(drain_all, ports))
            note(suggested, people, partial(compute, ports, [session.id for session in campus.sessions]))
            require_current(ports, people, BEAT * (number * BEATS - 1))
            note(copied, len(points), partial(copy, log, points))
    ports.engine.dispose()
    ratios = [Ratio(drained[0], copied[0]), Ratio(drained[1], copied[1])]
    return Table(
        "events drained into PostgreSQL by one worker (goal: 30,000)", [*drained, *copied, *suggested], ratios
    ).lines()


def rounds(campus: Campus, start: datetime) -> Iterator[list[PointProven]]:
    """Heartbeats of everybody, a beat apart, round after round."""
    for number in range(ROUNDS):
        yield [
            PointProven(session.id, student, UserType.STUDENT, Kind.HEARTBEAT, start + BEAT * (number * BEATS + beat))
            for beat in range(BEATS)
            for session in campus.sessions
            for student in campus.students
        ]


def append(ports: Ports, points: Sequence[PointProven]) -> None:
    """Put them into the stream as processes do, several to an entry."""
    redis: Any = ports.redis
    for first in range(0, len(points), PER_ENTRY):
        entry = points[first : first + PER_ENTRY]
        redis.xadd(keys.EVENTS, {str(place): encode(point) for place, point in enumerate(entry)})


def drain_all(ports: Ports) -> None:
    """As the task does, until nothing waits."""
    while drain(ports):
        continue


def copy(log: "psycopg.Connection[Any]", points: Sequence[PointProven]) -> None:
    """Write the same rows and nothing else, in one transaction."""
    with log.cursor() as cursor, cursor.copy(_COPY) as rows:
        for point in points:
            rows.write_row(
                (point.session_id, point.user_id, point.user_type.value, point.event.value, point.at, point.activity)
            )
    log.commit()


def note(figures: tuple[Figure, Figure], count: int, work: Callable[[], None]) -> None:
    """Do the work; keep its rate per CPU second of this process, and on the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    figures[0].rates.append(count / (time.process_time() - cpu))
    figures[1].rates.append(count / (time.perf_counter() - clock))


def require_current(ports: Ports, people: int, active: timedelta) -> None:
    """Nothing was dropped, and everything derived stands at the last event."""
    with ports.engine.connect() as connection:
        found = _found(connection, active)
    if found != (people, people, SESSIONS):
        raise AssertionError(f"not everything is current: {found}")


def _found(connection: Connection, active: timedelta) -> tuple[int, int, int]:
    row = connection.execute(_CURRENT, {"active": active.total_seconds()}).one()
    return row.people, row.connected, row.suggested
