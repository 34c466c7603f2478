"""Tokens that we wrote are read without the library, and judged as it judges them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from shared.domain.words import Role
from shared.tokens import InvalidToken, Tokens
from tests.shared.test_tokens import HS, NOW, RSA, SECONDS, SECRET, SOMEBODY, claims, raw, refused, settings


@pytest.fixture
def local() -> Tokens:
    """Tokens of a campus with local accounts only."""
    return Tokens(settings())


OWN = {"typ": "JWT", "alg": "HS256", "kid": "local"}


def own(payload: Any, key: bytes = SECRET.encode()) -> str:
    """A token as we write them, whatever it says."""
    return raw(json.dumps(OWN, separators=(",", ":")).encode(), payload, key)


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library refuses everything."""

    def refuse(*_: Any) -> None:
        raise ValueError("not here")

    monkeypatch.setattr(jwt, "decode", refuse)


@pytest.mark.usefixtures("no_library")
def test_our_own_tokens_are_read_without_the_library(local: Tokens) -> None:
    token, identity = local.issue(SOMEBODY, Role.TEACHER, NOW, timedelta(hours=1))
    assert local.verify(token, NOW) == identity
    assert local.verify(own(claims()), NOW).user_id == SOMEBODY
    assert refused(local, raw(HS, claims())) == "ValueError"


@pytest.mark.usefixtures("no_library")
def test_every_secret_of_the_campus_reads_them() -> None:
    both = Tokens(settings(other_secret_key="an older secret, of thirty-two bytes"))
    assert both.verify(own(claims(), b"an older secret, of thirty-two bytes"), NOW).user_id == SOMEBODY
    assert refused(both, own(claims(), b"another secret than that, of no campus")) == "ValueError"


PAYLOADS = [
    claims(),
    claims(exp=SECONDS),
    claims(iss="somebody"),
    claims(aud=["x", "muster"]),
    claims(sub="x"),
    claims(jti="\ud800"),
    claims(exp=float("nan")),
    [claims()],
    "x",
    None,
    b"",
    b"{",
    b"\xff",
    b"[" * 2500,
    b'{"exp":1,"exp":2}',
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: repr(payload)[:40])
def test_they_are_judged_as_the_library_judges_them(local: Tokens, payload: Any) -> None:
    def verdict(token: str) -> Any:
        try:
            identity = local.verify(token, NOW)
        except InvalidToken:
            return "refused"
        return identity.user_id, identity.role, identity.expires_at

    assert verdict(own(payload)) == verdict(raw(HS, payload))


def test_where_only_outside_tokens_are_allowed_ours_are_not() -> None:
    strict = Tokens(settings(jwt_algorithms=["RS256"]), lambda: KeySet([RSA]))
    refused(strict, own(claims()))
