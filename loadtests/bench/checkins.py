"""Accepted check-ins per API core, against bare Starlette on the same core in the same run."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, product

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.bench.client import prepare
from loadtests.bench.figures import Figure, Ratio, Table, measure
from loadtests.bench.servers import api_environment, baseline, server
from loadtests.campus import Campus, RunningSession, build_campus
from shared.domain.words import Role
from shared.settings import Settings
from shared.tokens import Tokens

ROUNDS = 5
REQUESTS = 6_000
STUDENTS = 1_000
BARE_PORT, API_PORT = 18_480, 18_481
HOST = "localhost"


def run(local: LocalServices) -> Iterator[str]:
    """Interleaved rounds of both; every check-in is a different student or session and must be answered 202."""
    environment = api_environment(local, API_PORT)
    settings = checked(environment)
    sessions = 2 * ROUNDS * REQUESTS // STUDENTS
    campus = build_campus(local.database_url, settings, sessions=sessions, students=STUDENTS + 1)
    fresh, remembered = check_ins(settings, campus), check_ins(settings, campus, one_token_each=True)
    ceiling, first, later = (
        Figure("bare Starlette"),
        Figure("check-in, token new"),
        Figure("check-in, token remembered"),
    )
    with (
        server(baseline("bare", BARE_PORT), BARE_PORT, {}) as bare,
        server(["-m", "api"], API_PORT, environment) as api,
    ):
        # A session is known from its start, and this is about the rush that follows: one student goes ahead in each.
        measure(api, list(first_check_ins(settings, campus)))
        warm = list(islice(remembered, STUDENTS))
        measure(bare, warm)
        measure(api, warm)
        for _ in range(ROUNDS):
            batch = list(islice(fresh, REQUESTS))
            ceiling.rates.append(measure(bare, batch))
            first.rates.append(measure(api, batch))
            later.rates.append(measure(api, list(islice(remembered, REQUESTS - STUDENTS))))
    ratios = [Ratio(first, ceiling), Ratio(later, ceiling, goal=0.5)]
    return Table("check-ins accepted per second of API CPU", [ceiling, first, later], ratios).lines()


def first_check_ins(settings: Settings, campus: Campus) -> Iterator[bytes]:
    """The first student of every session."""
    token, _ = Tokens(settings).issue(campus.students[0], Role.STUDENT, datetime.now(UTC), timedelta(hours=1))
    return (check_in(session, token) for session in campus.sessions)


def check_ins(settings: Settings, campus: Campus, *, one_token_each: bool = False) -> Iterator[bytes]:
    """Everybody else in every session of one half of the campus, once; a fresh token each time unless told."""
    tokens, now = Tokens(settings), datetime.now(UTC)
    half = len(campus.sessions) // 2
    sessions = campus.sessions[half:] if one_token_each else campus.sessions[:half]
    kept = {student: tokens.issue(student, Role.STUDENT, now, timedelta(hours=1))[0] for student in campus.students}
    for session, student in product(sessions, campus.students[1:]):
        token = kept[student] if one_token_each else tokens.issue(student, Role.STUDENT, now, timedelta(hours=1))[0]
        yield check_in(session, token)


def check_in(session: RunningSession, token: str) -> bytes:
    """One check-in as it goes over the wire."""
    body = json.dumps({"token": session.code}).encode()
    return prepare(f"/api/v1/sessions/{session.id}/attendance", HOST, body, {"Authorization": f"Bearer {token}"})
