"""Logging in and out (2-http-api 2.6)."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine, insert, text

from shared import keys
from shared.domain.words import Role
from shared.ids import new_id
from shared.messages import control
from shared.models import Credential, User
from shared.passwords import hash_password
from shared.realtime import is_late
from shared.tokens import Tokens
from tests.api.answers import good, refusal, wrong_fields
from tests.api.test_guessing import must_wait
from tests.campus import Person, Visitor

PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)


class Account:
    """Somebody with a password."""

    def __init__(self, owner: Engine, name: str = "kim.irving") -> None:
        self.owner = owner
        self.person = Person(new_id(), Role.TEACHER)
        self.email = f"{name}-{secrets.token_hex(4)}@login.test"
        user = {"id": self.person.id, "email": self.email, "first_name": "A", "last_name": "B", "role": "TEACHER"}
        with owner.begin() as connection:
            connection.execute(insert(User), [user])
            connection.execute(insert(Credential), [{"user_id": self.person.id, "password_hash": HASH}])

    def disable(self) -> None:
        """Lock the person out, as ``muster user disable`` does in the database."""
        with self.owner.begin() as connection:
            statement = text("UPDATE users SET disabled_at = now() WHERE id = :id")
            connection.execute(statement, {"id": self.person.id})


@pytest.fixture
def account(owner: Engine) -> Account:
    """An account of this test alone: its failures are its own."""
    return Account(owner)


@pytest.fixture
def door(visitor: Visitor) -> httpx.AsyncClient:
    """Somebody who has not logged in."""
    return visitor.anonymous()


async def log_in(door: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    """Try."""
    return await door.post("/api/auth/login", json={"email": email, "password": password})


async def me(door: httpx.AsyncClient, token: str) -> httpx.Response:
    """Who does the API think this is?"""
    return await door.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})


async def eventually(ask: Callable[[], Awaitable[bool]]) -> bool:
    """Whether it becomes true within two seconds; messages between processes take a moment."""
    for _ in range(200):
        if await ask():
            return True
        await asyncio.sleep(0.01)
    return False


async def test_a_right_password_gives_a_token_that_works(door: httpx.AsyncClient, account: Account) -> None:
    body = good(await log_in(door, account.email))
    assert body.keys() == {"access_token", "token_type", "expires_in", "user"}
    assert (body["token_type"], 0 < body["expires_in"] <= 86_400) == ("bearer", True)
    mine = good(await me(door, body["access_token"]))
    assert mine == body["user"]
    assert mine == {
        "id": str(account.person.id),
        "email": account.email,
        "name": "A B",
        "role": "TEACHER",
        "studentNumber": None,
    }


async def test_the_case_of_an_email_does_not_matter(door: httpx.AsyncClient, account: Account) -> None:
    good(await log_in(door, account.email.upper()))


async def test_the_demo_logins_work(door: httpx.AsyncClient) -> None:
    body = good(await log_in(door, "s12345@campus.test", "muster-demo"))
    assert (body["user"]["name"], body["user"]["studentNumber"]) == ("John Doe", "S12345")


async def test_wrong_unknown_and_disabled_cannot_be_told_apart(
    door: httpx.AsyncClient, account: Account, owner: Engine
) -> None:
    gone = Account(owner)
    gone.disable()
    answers = [
        await log_in(door, account.email, "wrong"),
        await log_in(door, f"nobody-{secrets.token_hex(4)}@login.test"),
        await log_in(door, gone.email),
    ]
    for answer in answers:
        assert refusal(answer) == (401, "login_failed")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert len({answer.text for answer in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_the_eleventh_try_after_ten_failures_has_to_wait(door: httpx.AsyncClient, account: Account) -> None:
    """Even with the right password, and from any spelling of the email."""
    for _ in range(10):
        assert refusal(await log_in(door, account.email, "wrong")) == (401, "login_failed")
    assert must_wait(await log_in(door, account.email))
    assert must_wait(await log_in(door, account.email.upper()))


async def test_letters_that_only_postgresql_lowers_are_no_second_chance(
    door: httpx.AsyncClient, account: Account
) -> None:
    """PostgreSQL makes İ an i; such a spelling must not reach the account with failures of its own."""
    assert refusal(await log_in(door, account.email.replace("i", "İ"))) == (401, "login_failed")


async def test_ten_parallel_guesses_are_all_there_are(door: httpx.AsyncClient, account: Account) -> None:
    answers = await asyncio.gather(*(log_in(door, account.email, "wrong") for _ in range(15)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 5


async def test_a_success_clears_earlier_failures(door: httpx.AsyncClient, account: Account) -> None:
    for password in ("wrong",) * 6 + (PASSWORD,) + ("wrong",) * 6:
        answer = await log_in(door, account.email, password)
        assert answer.status_code == (200 if password == PASSWORD else 401)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"email", "password"}),
        ({"email": "", "password": ""}, {"email", "password"}),
        ({"email": "a\0b", "password": "x"}, {"email"}),
        ({"email": "a", "password": "x" * 257}, {"password"}),
        ({"email": "a", "password": "x", "role": "ADMIN"}, {"role"}),
        ({"email": ["a"], "password": {"$ne": ""}}, {"email", "password"}),
    ],
)
async def test_a_malformed_login_names_its_fields(
    door: httpx.AsyncClient, body: dict[str, object], fields: set[str]
) -> None:
    assert wrong_fields(await door.post("/api/auth/login", json=body)) == fields


# --- the end of a token ----------------------------------------------------------------------------------


async def test_after_logout_the_token_is_dead(door: httpx.AsyncClient, account: Account) -> None:
    """Also where it has been used, and so is remembered."""
    token = good(await log_in(door, account.email))["access_token"]
    good(await me(door, token))
    answer = await door.post("/api/auth/logout", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert refusal(await me(door, token)) == (401, "unauthenticated")
    again = await door.post("/api/auth/logout", headers={"authorization": f"Bearer {token}"})
    assert refusal(again) == (401, "unauthenticated")


async def test_another_token_of_the_person_lives_on(door: httpx.AsyncClient, account: Account) -> None:
    first, second = [good(await log_in(door, account.email))["access_token"] for _ in range(2)]
    await door.post("/api/auth/logout", headers={"authorization": f"Bearer {first}"})
    good(await me(door, second))


async def test_a_logout_elsewhere_reaches_a_process_that_remembers_the_token(
    door: httpx.AsyncClient, punctual: Visitor, account: Account
) -> None:
    """``punctual`` speaks to another application: its own memory, the same Redis."""
    token = good(await log_in(door, account.email))["access_token"]
    elsewhere = punctual.anonymous()
    good(await me(elsewhere, token))
    await door.post("/api/auth/logout", headers={"authorization": f"Bearer {token}"})

    async def refused() -> bool:
        return (await me(elsewhere, token)).status_code == 401

    assert await eventually(refused)


async def test_a_disabled_persons_new_token_is_refused(visitor: Visitor, account: Account) -> None:
    account.disable()
    assert refusal(await visitor.speaking_as(account.person).get("/api/v1/me")) == (401, "unauthenticated")


async def test_a_disabled_persons_remembered_token_dies_too(visitor: Visitor, account: Account, redis: Redis) -> None:
    client = visitor.speaking_as(account.person)
    good(await client.get("/api/v1/me"))
    account.disable()
    redis.publish(keys.CONTROL, control.encode(control.PersonDisabled(account.person.id)))

    async def refused() -> bool:
        return (await client.get("/api/v1/me")).status_code == 401

    assert await eventually(refused)


@pytest.mark.parametrize("end", ["logout", "disable"])
async def test_a_ticket_dies_with_its_token_or_its_person(visitor: Visitor, account: Account, end: str) -> None:
    client = visitor.speaking_as(account.person)
    ticket = good(await client.post("/api/v1/realtime/ticket"), 201)["ticket"]
    if end == "logout":
        assert (await client.post("/api/auth/logout")).status_code == 204
    else:
        account.disable()
    goodbye = f"/api/whiteboard/sessions/{uuid4()}/disconnect?ticket={ticket}"
    assert refusal(await visitor.anonymous().post(goodbye)) == (401, "unauthenticated")


# --- who is asking ---------------------------------------------------------------------------------------

NO_TOKENS = ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "Token abc", "Bearer " + "a." * 2500, "Bearer é.é.é"]


@pytest.mark.parametrize("header", NO_TOKENS)
async def test_no_token_is_401_and_says_how(door: httpx.AsyncClient, header: str) -> None:
    answer = await door.get("/api/v1/me", headers=[(b"authorization", header.encode("latin-1"))])
    assert refusal(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_word_bearer_may_be_written_anyhow(door: httpx.AsyncClient, account: Account) -> None:
    token = good(await log_in(door, account.email))["access_token"]
    good(await door.get("/api/v1/me", headers={"authorization": f"bEARER {token}"}))


async def test_a_pages_cookie_says_who_is_asking(visitor: Visitor, tokens: Tokens, account: Account) -> None:
    door = visitor.anonymous()
    door.cookies["muster_token"] = good(await log_in(door, account.email))["access_token"]
    assert good(await door.get("/api/v1/me"))["email"] == account.email


async def test_a_bad_bearer_token_is_not_replaced_by_a_good_cookie(visitor: Visitor, account: Account) -> None:
    door = visitor.anonymous()
    door.cookies["muster_token"] = good(await log_in(door, account.email))["access_token"]
    assert refusal(await me(door, "x.y.z")) == (401, "unauthenticated")


async def test_somebody_unknown_to_the_campus_is_nobody(visitor: Visitor) -> None:
    client = visitor.speaking_as(Person(new_id(), Role.STUDENT))
    assert refusal(await client.get("/api/v1/me")) == (404, "not_found")


async def test_a_realtime_ticket_lives_thirty_seconds_and_holds_no_token(
    visitor: Visitor, account: Account, redis: Redis
) -> None:
    body = good(await visitor.speaking_as(account.person).post("/api/v1/realtime/ticket"), 201)
    assert body.keys() == {"ticket", "expiresAt", "url"}
    life = datetime.fromisoformat(body["expiresAt"]) - datetime.now(UTC)
    assert 25 < life.total_seconds() <= 30
    assert 0 < int(str(redis.ttl(keys.realtime_ticket(body["ticket"])))) <= 30
    assert not is_late(body["ticket"], datetime.now(UTC))
    assert is_late(body["ticket"], datetime.fromisoformat(body["expiresAt"]))
    assert body["url"] == "ws://localhost:8001/ws"
