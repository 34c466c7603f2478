"""What surrounds every answer: ids, security headers, CORS, and no writes from other sites (5-security)."""

from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette

from api import accounts
from api.endpoint import Endpoint
from api.middleware import security_headers
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import good, refusal
from tests.api.every import GUARDED, UNSAFE_ONES, Target, name_of
from tests.api.lecture import Lecture
from tests.campus import Visitor

FRIEND = "https://whiteboard.test"
HOSTILE = "https://evil.test"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """``GET /api/v1/me`` has a fault."""

    async def fail(*_arguments: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(accounts, "_read_me", fail)


# --- headers ----------------------------------------------------------------------------------------------


def assert_guarded(answer: httpx.Response) -> None:
    """The headers that nothing leaves without."""
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-request-id"]


ANSWERS = [
    ("GET", "/api/v1/me", 200),
    ("GET", "/api/v1/sessions?limit=0", 422),
    ("GET", "/nothing", 404),
    ("PATCH", "/api/v1/me", 405),
    ("POST", "/api/v1/sessions/live", 415),
    ("OPTIONS", "/api/v1/me", 405),
    ("GET", "/livez", 200),
    ("GET", "/readyz", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/docs", 200),
    ("GET", "/login", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_every_answer_is_guarded(teacher: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await teacher.request(method, path)
    assert answer.status_code == status
    assert_guarded(answer)


@pytest.mark.usefixtures("broken")
async def test_a_fault_of_ours_is_guarded_and_tells_nothing(teacher: httpx.AsyncClient) -> None:
    answer = await teacher.get("/api/v1/me", headers={"x-request-id": "mine"})
    assert refusal(answer) == (500, "internal")
    assert "secret detail" not in answer.text
    assert_guarded(answer)
    assert answer.headers["x-request-id"] == "mine"


@pytest.mark.usefixtures("broken")
async def test_a_fault_of_ours_is_counted(teacher: httpx.AsyncClient) -> None:
    labels = {"route": "get_me", "status": "500"}
    before = REGISTRY.get_sample_value("muster_api_requests_total", labels) or 0
    await teacher.get("/api/v1/me")
    assert REGISTRY.get_sample_value("muster_api_requests_total", labels) == before + 1


async def test_an_unauthenticated_and_a_cross_site_answer_are_guarded(visitor: Visitor) -> None:
    nobody = visitor.anonymous()
    assert_guarded(await nobody.get("/api/v1/me"))
    answer = await nobody.post("/api/auth/login", headers={"origin": HOSTILE})
    assert answer.status_code == 403
    assert_guarded(answer)


def test_https_is_remembered_where_the_campus_has_it(settings: Settings) -> None:
    secure = settings.model_copy(update={"public_url": "https://muster.edu"})
    assert "Strict-Transport-Security" in security_headers(secure)
    assert "Strict-Transport-Security" not in security_headers(settings)


# --- request ids ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["a", "trace-1.b_2", "x" * 64])
async def test_a_request_id_is_taken_over(teacher: httpx.AsyncClient, given: str) -> None:
    assert (await teacher.get("/livez", headers={"x-request-id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given", [b"", b"x" * 65, b"a b", b"a\tb", b"<script>", b"\xff", b"a;b", b"a,b", b'{"level":"error"}']
)
async def test_a_hostile_request_id_is_replaced(teacher: httpx.AsyncClient, given: bytes) -> None:
    answer = await teacher.get("/livez", headers=[(b"x-request-id", given)])
    made = answer.headers["x-request-id"]
    assert len(made) == 32
    assert made.isalnum()


async def test_without_one_each_request_gets_its_own(teacher: httpx.AsyncClient) -> None:
    made = {(await teacher.get("/livez")).headers["x-request-id"] for _ in range(5)}
    assert len(made) == 5


async def test_an_answer_has_one_request_id(teacher: httpx.AsyncClient) -> None:
    answer = await teacher.get("/api/v1/me", headers={"x-request-id": "one"})
    assert answer.headers.get_list("x-request-id") == ["one"]


# --- CORS -------------------------------------------------------------------------------------------------


async def test_an_allowed_origin_may_read(teacher: httpx.AsyncClient) -> None:
    answer = await teacher.get("/api/v1/me", headers={"origin": FRIEND})
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origin", [HOSTILE, "null", FRIEND + ".evil.test", "http://whiteboard.test", FRIEND + ":444"])
async def test_another_origin_may_not_read(teacher: httpx.AsyncClient, origin: str) -> None:
    answer = await teacher.get("/api/v1/me", headers={"origin": origin})
    assert "access-control-allow-origin" not in answer.headers


async def test_refusals_can_be_read_by_an_allowed_origin_too(visitor: Visitor) -> None:
    answer = await visitor.anonymous().get("/api/v1/me", headers={"origin": FRIEND})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, FRIEND)


async def preflight(client: httpx.AsyncClient, origin: str, method: str = "PUT") -> httpx.Response:
    """What a browser asks before a request with a bearer token."""
    asked = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,idempotency-key,x-request-id",
    }
    return await client.options("/api/v1/sessions/live", headers=asked)


async def test_an_allowed_origin_passes_its_preflight(visitor: Visitor) -> None:
    answer = await preflight(visitor.anonymous(), FRIEND)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, FRIEND)
    assert {"GET", "POST", "PUT", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))


async def test_another_origin_does_not_pass(visitor: Visitor) -> None:
    answer = await preflight(visitor.anonymous(), HOSTILE)
    assert answer.status_code == 400
    assert "access-control-allow-origin" not in answer.headers


async def test_what_a_client_needs_of_an_answer_is_exposed(teacher: httpx.AsyncClient) -> None:
    exposed = (await teacher.get("/api/v1/me", headers={"origin": FRIEND})).headers["access-control-expose-headers"]
    assert {"Location", "Retry-After", "X-Request-ID"} <= set(exposed.split(", "))


# --- writes from other sites ------------------------------------------------------------------------------

CROSS_SITE = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "http://localhost:8000.evil.test"},
    {"sec-fetch-site": "nonsense"},
    {"origin": HOSTILE},
    {"origin": "null"},
    {"origin": "http://[x"},
    {"origin": "http://localhost:8001"},
    {"origin": "http://localhost:8000@evil.test"},
    {"origin": "localhost:8000"},
    {"origin": ""},
]
SAME_SITE: list[dict[str, str]] = [
    {},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
    {"origin": "http://localhost:8000"},
    {"sec-fetch-site": "same-origin", "origin": "http://localhost:8000"},
]


@pytest.fixture
def page(lecture: Lecture, visitor: Visitor, tokens: Tokens) -> httpx.AsyncClient:
    """The teacher's browser: a cookie and no bearer token."""
    client = visitor.anonymous()
    client.cookies["muster_token"] = lecture.teacher.headers["authorization"].removeprefix("Bearer ")
    return client


@pytest.mark.parametrize("headers", CROSS_SITE)
async def test_another_sites_page_changes_nothing(
    lecture: Lecture, page: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await page.post(f"{lecture.path}/end", headers=headers)
    assert refusal(answer) == (403, "cross_site")
    assert good(await lecture.teacher.get(lecture.path))["status"] == "active"


@pytest.mark.parametrize("endpoint", UNSAFE_ONES, ids=name_of)
async def test_no_endpoint_is_left_out(endpoint: Endpoint, lecture: Lecture, page: httpx.AsyncClient) -> None:
    target = Target(endpoint, lecture)
    answer = await page.request(endpoint.method, target.url(), json=target.body, headers=CROSS_SITE[0])
    assert refusal(answer) == (403, "cross_site")


@pytest.mark.parametrize("headers", SAME_SITE)
async def test_our_own_page_may_write(lecture: Lecture, page: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert good(await page.post(f"{lecture.path}/end", headers=headers))["status"] == "completed"


@pytest.mark.parametrize("headers", CROSS_SITE)
async def test_a_bearer_token_is_no_browsers_doing(lecture: Lecture, headers: dict[str, str]) -> None:
    answer = await lecture.teacher.post(f"{lecture.path}/end", headers=headers)
    assert good(answer)["status"] == "completed"


@pytest.mark.parametrize("scheme", ["Bearer x.y.z", "Basic YTpi", ""])
async def test_another_authorization_does_not_open_the_way_for_a_cookie(
    lecture: Lecture, page: httpx.AsyncClient, scheme: str
) -> None:
    headers = {**CROSS_SITE[0], "authorization": scheme}
    answer = await page.post(f"{lecture.path}/end", headers=headers)
    assert refusal(answer)[0] in (401, 403)
    assert good(await lecture.teacher.get(lecture.path))["status"] == "active"


async def test_reading_is_not_writing(lecture: Lecture, page: httpx.AsyncClient) -> None:
    good(await page.get(lecture.path, headers={"sec-fetch-site": "cross-site"}))


# --- for everybody ----------------------------------------------------------------------------------------


async def test_alive_and_ready_are_for_everybody(visitor: Visitor) -> None:
    nobody = visitor.anonymous()
    assert good(await nobody.get("/livez")) == {"status": "ok"}
    assert good(await nobody.get("/readyz")) == {"status": "ok"}


@pytest.mark.parametrize("endpoint", GUARDED, ids=name_of)
async def test_a_route_is_named_after_its_endpoint(endpoint: Endpoint, app: Starlette) -> None:
    """Metrics and limits count by route name, never by path."""
    names = [getattr(route, "name", None) for route in app.routes]
    assert names.count(endpoint.name) == 1
