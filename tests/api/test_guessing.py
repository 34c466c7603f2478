"""Guessing: forged codes and tickets, and how often one may be wrong (2-http-api 2.6, 5-security)."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest
from limits import RateLimitItem
from sqlalchemy import Engine
from starlette.applications import Starlette

from api.limits import Limiter
from api.services import Services
from shared.domain.codes import ALPHABET, decode32, encode32
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import good, refusal
from tests.api.lecture import Lecture, open_lecture
from tests.api.outages import elsewhere, running
from tests.campus import Visitor, make_classroom

WRONG = "ZZZZZZZZ"
FORGED = "0" * 32
ADDRESSES = count(1)


async def use_up(limiter: Limiter, limit: RateLimitItem, who: str) -> None:
    """Leave one try."""
    for _ in range(limit.amount - 1):
        await limiter.count((limit, who))


def must_wait(answer: httpx.Response) -> bool:
    """Whether the answer is a 429 that says for how long, within the five minutes of the window."""
    return refusal(answer) == (429, "rate_limited") and 0 < int(answer.headers["retry-after"]) <= 301


# --- forging ----------------------------------------------------------------------------------------------


@pytest.fixture
async def unhurried(settings: Settings, tokens: Tokens, lecture: Lecture) -> AsyncIterator[Lecture]:
    """The lecture, where students may try as often as they like."""
    async with running(settings, tokens, check_ins_per_minute=10_000) as visitor:
        yield elsewhere(visitor, lecture)


async def test_a_token_with_any_bit_flipped_is_refused(unhurried: Lecture) -> None:
    raw = decode32(await unhurried.token())
    for bit in range(len(raw) * 8):
        forged = encode32((int.from_bytes(raw) ^ 1 << bit).to_bytes(len(raw)))
        assert refusal(await unhurried.check_in(unhurried.student, token=forged)) == (400, "code_invalid")


async def test_a_token_with_any_character_changed_gives_no_ticket(lecture: Lecture) -> None:
    token = await lecture.token()
    for place, right in enumerate(token):
        wrong = ALPHABET[ALPHABET.index(right) - 1]
        for forged in (token[:place] + wrong + token[place + 1 :], token[:place] + right.lower() + "_"):
            assert refusal(await lecture.exchange(lecture.student, token=forged)) == (400, "code_invalid")


async def test_a_ticket_with_any_character_changed_is_refused(unhurried: Lecture) -> None:
    ticket = (await unhurried.ticket(unhurried.student))["ticket"]
    for place, right in enumerate(ticket):
        forged = ticket[:place] + ("A" if right != "A" else "B") + ticket[place + 1 :]
        assert refusal(await unhurried.check_in(unhurried.student, ticket=forged)) == (400, "code_invalid")
    good(await unhurried.check_in(unhurried.student, ticket=ticket), 202)


@pytest.mark.parametrize("member", ["token", "ticket", "shortCode"])
@pytest.mark.parametrize("junk", ["A", "\0" * 8, "\N{KELVIN SIGN}" * 8, "é" * 32, "=" * 92, "' OR 1=1 --", "A" * 200])
async def test_junk_is_invalid(lecture: Lecture, member: str, junk: str) -> None:
    assert refusal(await lecture.check_in(lecture.student, **{member: junk})) == (400, "code_invalid")


# --- wrong short codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["check_in", "exchange"])
async def test_after_five_wrong_short_codes_one_has_to_wait(lecture: Lecture, way: str) -> None:
    """Also with the right one: whoever guesses must not learn which it was."""
    for _ in range(5):
        assert refusal(await getattr(lecture, way)(lecture.student, shortCode=WRONG)) == (400, "code_invalid")
    assert must_wait(await getattr(lecture, way)(lecture.student, shortCode=WRONG))
    right = (await lecture.code())["shortCode"]
    assert must_wait(await lecture.check_in(lecture.student, shortCode=right))
    assert must_wait(await lecture.exchange(lecture.student, shortCode=right))


async def test_guesses_at_the_same_moment_are_counted_too(lecture: Lecture) -> None:
    """Looking first and counting afterwards would let all of them through."""
    guesses = [lecture.check_in(lecture.student, shortCode=WRONG) for _ in range(30)]
    answers = await asyncio.gather(*guesses)
    assert sorted(answer.status_code for answer in answers) == [400] * 5 + [429] * 25


async def test_who_has_to_wait_can_still_scan(lecture: Lecture) -> None:
    for _ in range(6):
        await lecture.check_in(lecture.student, shortCode=WRONG)
    assert (await lecture.scan(lecture.student))["status"] == "present"


async def test_one_guesser_does_not_lock_out_another(lecture: Lecture) -> None:
    for _ in range(6):
        await lecture.check_in(lecture.student, shortCode=WRONG)
    right = (await lecture.code())["shortCode"]
    good(await lecture.check_in(lecture.students[1], shortCode=right), 202)


async def test_right_short_codes_are_never_counted(lecture: Lecture) -> None:
    right = (await lecture.code())["shortCode"]
    good(await lecture.check_in(lecture.student, shortCode=right), 202)
    for _ in range(8):
        good(await lecture.check_in(lecture.student, shortCode=right), 200)
        good(await lecture.exchange(lecture.student, shortCode=right), 201)


async def test_expired_and_hidden_short_codes_are_no_guesses(lecture: Lecture) -> None:
    right = (await lecture.code())["shortCode"]
    await lecture.set_code(visible=False)
    for _ in range(6):
        assert refusal(await lecture.check_in(lecture.student, shortCode=right)) == (409, "code_hidden")
    await lecture.set_code(visible=True)
    for _ in range(6):
        assert refusal(await lecture.check_in(lecture.student, shortCode=right)) == (410, "code_expired")


async def test_a_hundred_wrong_short_codes_close_the_way_for_the_session(visitor: Visitor, owner: Engine) -> None:
    """Then the QR code is the only way, for everybody and not for five minutes' worth of one guesser."""
    lecture = await open_lecture(visitor, make_classroom(owner, 21))
    *guessers, honest = lecture.students
    for guesser in guessers:
        for _ in range(5):
            await lecture.check_in(guesser, shortCode=WRONG)
    right = (await lecture.code())["shortCode"]
    assert must_wait(await lecture.check_in(honest, shortCode=right))
    assert must_wait(await lecture.exchange(honest, shortCode=right))
    assert (await lecture.scan(honest))["status"] == "present"


# --- tickets without a login ------------------------------------------------------------------------------


@pytest.fixture
async def phone(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody from an address that no other test uses."""
    address = f"10.0.0.{next(ADDRESSES)}"
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        client.headers["x-address"] = address
        yield client


async def test_a_device_without_a_login_has_a_thousand_tries(
    lecture: Lecture, services: Services, phone: httpx.AsyncClient
) -> None:
    good(await lecture.exchange(phone, token=await lecture.token()), 201)
    await use_up(services.limiter, services.limiter.tickets_per_device, phone.cookies["muster_device"])
    await lecture.exchange(phone, token=FORGED)
    assert must_wait(await lecture.exchange(phone, token=FORGED))
    phone.cookies.clear()
    good(await lecture.exchange(phone, token=await lecture.token()), 201)


async def test_an_address_without_a_login_has_a_thousand_tries(
    lecture: Lecture, services: Services, phone: httpx.AsyncClient
) -> None:
    """Dropping the cookie does not help; logging in does."""
    await use_up(services.limiter, services.limiter.tickets_per_address, phone.headers["x-address"])
    assert refusal(await lecture.exchange(phone, token=FORGED)) == (400, "code_invalid")
    phone.cookies.clear()
    assert must_wait(await lecture.exchange(phone, token=FORGED))
    phone.headers["authorization"] = lecture.student.headers["authorization"]
    good(await lecture.exchange(phone, token=await lecture.token()), 201)


async def test_a_guesser_without_a_login_is_held_to_the_same_five(lecture: Lecture, phone: httpx.AsyncClient) -> None:
    good(await lecture.exchange(phone, token=await lecture.token()), 201)
    for _ in range(5):
        assert refusal(await lecture.exchange(phone, shortCode=WRONG)) == (400, "code_invalid")
    assert must_wait(await lecture.exchange(phone, shortCode=WRONG))
