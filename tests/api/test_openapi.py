"""The OpenAPI document is true: a schema-driven fuzzer finds no disagreement (2-http-api, head)."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from sqlalchemy import Engine

from api.app import create_app
from api.endpoint import Endpoint
from api.openapi import problem_statuses
from api.routes import ENDPOINTS
from api.wire import HttpProtocol
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import good
from tests.api.every import name_of
from tests.api.marked import MARK
from tests.api.test_opening import LIVE
from tests.campus import Classroom, Person, make_classroom

EXAMPLES = 10


@pytest.fixture(scope="module")
def served(settings: Settings, scoring: None) -> Iterator[str]:
    """The API behind a real server, in a thread of its own; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    application = create_app(settings.model_copy(update={"public_url": url, "requests_per_minute": 100_000}))
    config = uvicorn.Config(
        application, http=HttpProtocol, log_config=None, access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    yield url
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def room(owner: Engine) -> Classroom:
    """The class that is asked about."""
    return make_classroom(owner)


@pytest.fixture(scope="module")
def document(served: str) -> dict[str, Any]:
    """What ``/openapi.json`` says."""
    return good(httpx.get(f"{served}/openapi.json"))


def bearer(tokens: Tokens, person: Person) -> dict[str, str]:
    """A token of its own, so that logging out hurts nobody else."""
    token, _ = tokens.issue(person.id, person.role, datetime.now(UTC), timedelta(hours=1))
    return {"Authorization": f"Bearer {token}"}


# --- the document -----------------------------------------------------------------------------------------


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Muster"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name_of)
def test_every_endpoint_is_in_it(document: dict[str, Any], endpoint: Endpoint) -> None:
    path = document["paths"][endpoint.path.replace(":uuid}", "}")]
    operation = path[endpoint.method.lower()]
    assert (operation["operationId"], operation["tags"]) == (endpoint.name, [endpoint.tag])
    answers = {str(status) for status in endpoint.answers}
    assert set(operation["responses"]) == answers | {str(status) for status in problem_statuses(endpoint)}
    for status in problem_statuses(endpoint):
        plain = ["application/json"] if status in endpoint.family.models else []
        assert list(operation["responses"][str(status)]["content"]) == [*plain, "application/problem+json"]
    assert ("requestBody" in operation) == (endpoint.body is not None)
    assert bool(operation.get("security")) != endpoint.open_to_all


def test_nothing_else_is_in_it(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == {(endpoint.method, endpoint.path.replace(":uuid}", "}")) for endpoint in ENDPOINTS}


def test_operation_ids_are_unique() -> None:
    names = [endpoint.name for endpoint in ENDPOINTS]
    assert len(names) == len(set(names))


def test_the_docs_refer_to_no_outside_host(served: str) -> None:
    page = httpx.get(f"{served}/docs")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r"""(?:src|href)\s*=\s*["']?((?:https?:)?//[^"'\s>]+)""", page.text[:200_000])
    loaded += re.findall(r"""@import\s+["']?[^;]+|url\(["']?https?://[^)]+""", page.text)
    assert loaded == []
    policy = page.headers["content-security-policy"]
    assert "http" not in policy
    assert policy.startswith("default-src 'none'")


# --- the fuzzer -------------------------------------------------------------------------------------------

ASKERS = [(endpoint, "teacher") for endpoint in ENDPOINTS] + [
    (endpoint, "student") for endpoint in ENDPOINTS if endpoint.name == "create_check_in"
]


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("endpoint", "role"), ASKERS, ids=[f"{e.name}-{role}" for e, role in ASKERS])
def test_the_fuzzer_finds_no_disagreement(
    served: str, room: Classroom, tokens: Tokens, endpoint: Endpoint, role: str, mode: GenerationMode
) -> None:
    """Every check but one: that a body which is right in form is accepted. A code may be right in form and forged.

    What is too large is refused as that, whatever else is wrong with it; the fuzzer would take a 413 for acceptance.
    """
    schema = schemathesis.openapi.from_url(f"{served}/openapi.json")
    operation = schema.find_operation_by_id(endpoint.name)
    asker = bearer(tokens, room.teacher if role == "teacher" else room.students[0])
    known = ids_of(served, room, tokens)

    @given(case=operation.as_strategy(generation_mode=mode))
    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        case.path_parameters = {name: real(known, name, value) for name, value in case.path_parameters.items()}
        answer = case.call(headers=asker)
        too_large = [negative_data_rejection] if answer.status_code == 413 else []
        case.validate_response(answer, excluded_checks=[positive_data_acceptance, *too_large])

    ask()


def open_session(served: str, room: Classroom, tokens: Tokens) -> str:
    """A session of the class that runs, made where there is none."""
    answer = httpx.post(served + LIVE, json=room.opening, headers=bearer(tokens, room.teacher)).json()
    return str(answer.get("activeSessionId") or answer["id"])


def ids_of(served: str, room: Classroom, tokens: Tokens) -> dict[str, Any]:
    """Ids that exist, by the names of path parameters; a mark that was deleted is made again."""
    session_id = open_session(served, room, tokens)
    mark = {"session_id": session_id, "records": [{"student_id": room.students[1].number, "status": "LATE"}]}
    marked = good(httpx.post(served + MARK, json=mark, headers=bearer(tokens, room.teacher)), 201)
    return {
        "session_id": session_id,
        "course_id": room.course_id,
        "group_id": room.group_id,
        "student_id": room.students[0].id,
        "record_id": marked["attendance_records"][0]["id"],
    }


def real(known: dict[str, Any], name: str, value: Any) -> Any:
    """An id that exists, for every other id that could."""
    try:
        return str(known.get(name, value)) if UUID(str(value)).int % 2 else value
    except ValueError:
        return value


def test_a_right_request_is_accepted_as_described(served: str, room: Classroom, tokens: Tokens) -> None:
    """One whole way through the same server, so that the fuzzer's refusals are not all there is."""
    teacher, student = bearer(tokens, room.teacher), bearer(tokens, room.students[0])
    ids = ids_of(served, room, tokens)
    session = f"{served}/api/v1/sessions/{ids['session_id']}"
    code = good(httpx.put(f"{session}/qr", json={"visible": True}, headers=teacher))
    good(httpx.post(f"{session}/attendance", json={"token": code["token"]}, headers=student), 202)
    schema = schemathesis.openapi.from_url(f"{served}/openapi.json")
    for endpoint in ENDPOINTS:
        if endpoint.method == "GET" and "{export_id" not in endpoint.path:  # of a long roll only: see test_export
            operation = schema.find_operation_by_id(endpoint.name)
            url = endpoint.path.replace(":uuid}", "}")
            asker = student if endpoint.name == "get_own_calls" else teacher
            answer = httpx.get(served + url.format_map(ids), headers=asker)
            assert answer.status_code == 200, answer.text
            operation.validate_response(answer)
