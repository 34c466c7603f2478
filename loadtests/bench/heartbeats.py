"""Heartbeats accepted per API core: against bare Starlette, a Celery message per event, and a row per event.

The same requests go to all four, each pinned to the same core, in interleaved rounds of one run.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.baselines.direct import backends, prepare_table
from loadtests.bench.client import prepare
from loadtests.bench.figures import Figure, Ratio, Table, measure
from loadtests.bench.servers import api_environment, baseline, server
from loadtests.campus import build_campus
from shared.domain.words import Role
from shared.queue import broker_url
from shared.redis import sync_redis
from shared.settings import Settings
from shared.tokens import Tokens

ROUNDS = 5
CLASSES, STUDENTS = 40, 50
TIMES = 4
"""Heartbeats per person and round. With the warm-up this stays far below the limit of 60 a minute, and most of all
the tokens are known, as they are in the second minute of any lesson."""
SLOW_SHARE = 4
"""The slow ways get fewer requests: enough CPU time to measure, in bearable time."""
PORTS = range(18_482, 18_486)
HOST = "localhost"

Participant = tuple[UUID, UUID]
"""Session and person."""


def run(local: LocalServices) -> Iterator[str]:
    """Rounds of all four; every request must be answered 202."""
    api_port, bare_port, message_port, direct_port = PORTS
    environment = api_environment(local, api_port)
    settings = checked(environment)
    people = participants(local, settings)
    prepare_table(local.database_url, people)
    requests = heartbeats(settings, people)
    ours, ours_all = Figure("heartbeat"), Figure("heartbeat, with Redis")
    ceiling, message = Figure("bare Starlette"), Figure("a Celery message each")
    direct, direct_all = Figure("SELECT and UPDATE each"), Figure("SELECT and UPDATE each, with PostgreSQL")
    broker, database = {"BASELINE_BROKER_URL": broker_url(settings)}, {"BASELINE_DATABASE_URL": local.database_url}
    with (
        server(["-m", "api"], api_port, environment) as api,
        server(baseline("bare", bare_port), bare_port, {}) as bare,
        server(baseline("messages", message_port), message_port, broker) as sender,
        server(baseline("direct", direct_port), direct_port, database) as writer,
    ):
        fast, slow = requests * TIMES, (requests * TIMES)[::SLOW_SHARE]
        work = [
            (ours, api, fast),
            (ceiling, bare, fast),
            (message, sender, slow),
            (direct, writer, slow),
            (ours_all, api.counting([redis_process(settings)]), fast),
            (direct_all, writer.counting(backends(local.database_url)), slow),
        ]
        for _, target, batch in work:
            measure(target, batch[: len(requests)])
        for _ in range(ROUNDS):
            for figure, target, batch in work:
                figure.rates.append(measure(target, batch))
    ratios = [
        Ratio(ours, ceiling, goal=0.5),
        Ratio(ours, message, goal=5),
        Ratio(ours, direct, goal=8),
        Ratio(ours_all, direct_all),
    ]
    title = "heartbeats accepted per CPU second of the API process (and of the store it writes to)"
    return Table(title, [ours, ours_all, ceiling, message, direct, direct_all], ratios).lines()


def redis_process(settings: Settings) -> int:
    """The process of the server that keeps the stream."""
    client: Any = sync_redis(settings)
    with client:
        return int(client.info("server")["process_id"])


def participants(local: LocalServices, settings: Settings) -> list[Participant]:
    """Classes of the usual size, all running."""
    campuses = [build_campus(local.database_url, settings, sessions=1, students=STUDENTS) for _ in range(CLASSES)]
    return [(campus.sessions[0].id, student) for campus in campuses for student in campus.students]


def heartbeats(settings: Settings, people: Sequence[Participant]) -> list[bytes]:
    """One heartbeat of each, neighbours in different sessions."""
    tokens, now = Tokens(settings), datetime.now(UTC)
    mixed = sorted(people, key=lambda participant: participant[1].bytes[::-1])
    return [
        heartbeat(session, student, tokens.issue(student, Role.STUDENT, now, timedelta(hours=1))[0])
        for session, student in mixed
    ]


def heartbeat(session: UUID, student: UUID, token: str) -> bytes:
    """One heartbeat as it goes over the wire. The name is for the baseline that asks no token who it is."""
    body = {"session_id": str(session), "user_type": "student", "activity_type": "draw"}
    headers = {"Authorization": f"Bearer {token}", "X-User": str(student)}
    return prepare(f"/api/whiteboard/sessions/{session}/heartbeat", HOST, json.dumps(body).encode(), headers)
