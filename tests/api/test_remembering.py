"""A token is remembered only on a known "no": neither a stall nor a race may keep a dead one alive."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request

from api.auth import client_address, verified
from api.services import Services
from shared.domain.words import Role
from shared.ids import new_id
from shared.tokens import Tokens


def services(tokens: Tokens, answer: bool | None, meanwhile: Any = None) -> Services:
    """Services whose lists of dead tokens give this answer, after something happened meanwhile."""

    async def ask(_whom: Any) -> bool | None:
        if meanwhile is not None:
            meanwhile()
        return answer

    lists = {"revocations": SimpleNamespace(dead=ask), "lockouts": SimpleNamespace(disabled=ask)}
    return cast(Services, SimpleNamespace(tokens=tokens, now=lambda: datetime.now(UTC), **lists))


def fresh(tokens: Tokens) -> str:
    """A token nobody has seen."""
    return tokens.issue(new_id(), Role.STUDENT, datetime.now(UTC), timedelta(hours=1))[0]


@pytest.mark.parametrize(("answer", "kept"), [(False, True), (None, False)])
async def test_what_nobody_can_say_is_asked_again(tokens: Tokens, answer: bool | None, kept: bool) -> None:
    token = fresh(tokens)
    assert await verified(services(tokens, answer), token) is not None
    assert (tokens.recall(token, datetime.now(UTC)) is not None) is kept


async def test_a_logout_while_the_question_is_on_its_way_is_not_undone(tokens: Tokens) -> None:
    token = fresh(tokens)
    await verified(services(tokens, False, meanwhile=lambda: tokens.forget(lambda _known: False)), token)
    assert tokens.recall(token, datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::a:1:2:3", "2001:db8::/64"),
        ("2001:db8::b:1:2:3", "2001:db8::/64"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("somewhere", "unknown"),
    ],
)
def test_an_address_is_counted_once_however_it_is_written(address: str, counted: str) -> None:
    assert client_address(Request({"type": "http", "headers": [], "client": (address, 1)})) == counted
