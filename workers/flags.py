"""Flags: what a person should look at, computed from check-ins as they are stored. They never change a mark.

What one check-in shows by itself is flagged in the drain's own transaction; patterns over steps and weeks are looked
for every half minute in sessions that have new check-ins.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, TextClause, text

from shared.domain.honesty import FEWEST, NEAR_SECONDS, is_burst, is_late_habit, is_pair
from shared.domain.words import FlagKind
from workers.ports import Ports

LOOK_BACK = timedelta(days=120)
"""About a term."""
FRESH = timedelta(minutes=2)

_SINGLE = text("""
    INSERT INTO check_in_flags (session_id, student_id, kind, detail)
    SELECT c.session_id, c.student_id, 'outside_geofence',
           'Up to ' || c.distance_meters || ' m from the centre, which is outside the fence'
    FROM check_ins c WHERE c.id = ANY(:ids) AND c.inside IS FALSE
    UNION ALL
    SELECT c.session_id, c.student_id, 'no_location', 'The phone did not say where it was'
    FROM check_ins c JOIN live_sessions s ON s.id = c.session_id
    WHERE c.id = ANY(:ids) AND c.inside IS NULL AND s.fence_latitude IS NOT NULL
    UNION ALL
    SELECT c.session_id, c.student_id, 'off_campus', 'Came from outside the campus networks'
    FROM check_ins c WHERE c.id = ANY(:ids) AND c.on_campus IS FALSE
    UNION ALL
    SELECT o.session_id, o.student_id, 'shared_device',
           'Checked in on the same device as ' || string_agg(DISTINCT n.student_number, ', ' ORDER BY n.student_number)
    FROM (SELECT DISTINCT session_id, device FROM check_ins WHERE id = ANY(:ids) AND device IS NOT NULL) d
    JOIN check_ins o ON o.session_id = d.session_id AND o.device = d.device
    JOIN check_ins p ON p.session_id = d.session_id AND p.device = d.device AND p.student_id <> o.student_id
    JOIN students n ON n.user_id = p.student_id
    GROUP BY o.session_id, o.student_id
    ON CONFLICT (session_id, student_id, kind) DO NOTHING
""")
_RAISE = text("""
    INSERT INTO check_in_flags (session_id, student_id, kind, detail)
    SELECT * FROM unnest(CAST(:sessions AS uuid[]), CAST(:students AS uuid[]), CAST(:kinds AS text[]),
                         CAST(:details AS text[]))
    ON CONFLICT (session_id, student_id, kind) DO NOTHING
""")
_FRESH = text("SELECT DISTINCT session_id FROM check_ins WHERE accepted_at > :since ORDER BY session_id")

# The first check-in of everybody in every session of the course since; ``late``: after its step had ended.
_FIRSTS = """
    WITH firsts AS (
        SELECT DISTINCT ON (c.session_id, c.student_id) c.session_id, c.student_id, c.scanned_at,
               c.step_age_ms > s.rotate_seconds * 1000 AS late,
               c.scanned_at - c.step_age_ms * interval '1 ms' AS step
        FROM check_ins c JOIN live_sessions s ON s.id = c.session_id
        WHERE s.course_id = (SELECT course_id FROM live_sessions WHERE id = :session) AND c.accepted_at > :since
        ORDER BY c.session_id, c.student_id, c.accepted_at)
"""
_HABITS = text(f"""{_FIRSTS}
    SELECT student_id, count(*) FILTER (WHERE late) AS hits, count(*) AS of FROM firsts
    WHERE student_id IN (SELECT student_id FROM firsts WHERE session_id = :session AND late)
    GROUP BY student_id
""")  # noqa: S608 - a fixed piece
_BURSTS = text(f"""{_FIRSTS}
    SELECT student_id, hits, "of" FROM (
        SELECT student_id, late, count(*) FILTER (WHERE late) OVER same AS hits, count(*) OVER same AS of
        FROM firsts WHERE session_id = :session WINDOW same AS (PARTITION BY step)) AS steps
    WHERE late
""")  # noqa: S608 - a fixed piece
_PAIRS = text(f"""{_FIRSTS}
    , ordered AS (
        SELECT session_id, student_id, scanned_at, lead(student_id) OVER w AS next, lead(scanned_at) OVER w AS next_at,
               lead(student_id, 2) OVER w AS second, lead(scanned_at, 2) OVER w AS second_at
        FROM firsts WINDOW w AS (PARTITION BY session_id ORDER BY scanned_at, student_id)),
    near AS (
        SELECT session_id, least(student_id, next) AS one, greatest(student_id, next) AS two
        FROM ordered WHERE next_at - scanned_at <= :near
        UNION
        SELECT session_id, least(student_id, second), greatest(student_id, second)
        FROM ordered WHERE second_at - scanned_at <= :near),
    counted AS (
        SELECT one, two, count(*) AS hits FROM near
        WHERE (one, two) IN (SELECT one, two FROM near WHERE session_id = :session)
        GROUP BY one, two HAVING count(*) >= :fewest)
    SELECT person.student_id, counted.hits,
           (SELECT count(*) FROM firsts a JOIN firsts b ON b.session_id = a.session_id
            WHERE a.student_id = counted.one AND b.student_id = counted.two) AS of
    FROM counted CROSS JOIN LATERAL (VALUES (counted.one), (counted.two)) AS person (student_id)
""")  # noqa: S608 - a fixed piece

Pattern = tuple[FlagKind, TextClause, Callable[[int, int], bool], str]
PATTERNS: tuple[Pattern, ...] = (
    (FlagKind.LATE_IN_STEP, _HABITS, is_late_habit, "{hits} of {of} codes came after their step had ended"),
    (FlagKind.BURST, _BURSTS, is_burst, "One of {hits} who used the same code after its step had ended, of {of}"),
    (FlagKind.ALWAYS_TOGETHER, _PAIRS, is_pair, "Right after the same other student in {hits} of {of} sessions"),
)


def flag_check_ins(connection: Connection, check_ins: Collection[UUID]) -> None:
    """Flag what these new check-ins show by themselves."""
    if check_ins:
        connection.execute(_SINGLE, {"ids": list(check_ins)})


def flag_patterns(ports: Ports) -> int:
    """Look for patterns in sessions with new check-ins; how many sessions that were."""
    now = ports.now()
    with ports.engine.connect() as connection:
        sessions = list(connection.execute(_FRESH, {"since": now - FRESH}).scalars())
    for session_id in sessions:
        with ports.engine.begin() as connection:
            flag_patterns_of(connection, session_id, now - LOOK_BACK)
    return len(sessions)


def flag_patterns_of(connection: Connection, session_id: UUID, since: datetime) -> None:
    """Look for every pattern in one session and the earlier ones of its course."""
    values = {"since": since, "session": session_id, "near": timedelta(seconds=NEAR_SECONDS), "fewest": FEWEST}
    found: dict[tuple[UUID, FlagKind], str] = {}
    for kind, statement, is_pattern, sentence in PATTERNS:
        for row in connection.execute(statement, values):
            if is_pattern(row.hits, row.of):
                found.setdefault((row.student_id, kind), sentence.format(hits=row.hits, of=row.of))
    raised = {
        "sessions": [session_id] * len(found),
        "students": [student for student, _ in found],
        "kinds": [kind.value for _, kind in found],
        "details": list(found.values()),
    }
    connection.execute(_RAISE, raised)
