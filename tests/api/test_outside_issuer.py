"""Tokens of an outside issuer, through the whole application: its file, and its new keys (2-http-api 2.6)."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from api.app import create_app
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import good, refusal
from tests.campus import Classroom, Visitor

OLD = RSAKey.generate_key(2048, {"kid": "2025"})
NEW = ECKey.generate_key("P-256", {"kid": "2026"})


def publish(path: Path, *keys: Any) -> None:
    """What the issuer says its keys are."""
    path.write_text(json.dumps({"keys": [key.as_dict(private=False) for key in keys]}))


def publish_nonsense(path: Path) -> None:
    """It is away, or somebody else."""
    path.write_text("[]")


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    """The issuer's file, with its old key."""
    path = tmp_path / "jwks.json"
    publish(path, OLD)
    return path


@pytest.fixture
async def campus(settings: Settings, tokens: Tokens, jwks: Path) -> AsyncIterator[Visitor]:
    """An application that trusts the issuer, and reads its keys often."""
    trusting = {"jwt_algorithms": ["HS256", "RS256", "ES256"], "jwks": str(jwks), "jwks_refresh_seconds": 0.05}
    application = create_app(settings.model_copy(update=trusting))
    async with application.router.lifespan_context(application):
        visitor = Visitor(application, tokens)
        yield visitor
        await visitor.close()


async def me(campus: Visitor, classroom: Classroom, algorithm: str, key: Any) -> httpx.Response:
    """Ask as the teacher with a token that the issuer signed."""
    now = int(datetime.now(UTC).timestamp())
    person = {"sub": str(classroom.teacher.id), "role": "TEACHER"}
    claims = {**person, "iss": "muster", "aud": "muster", "iat": now, "exp": now + 60}
    token = jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, [algorithm])
    return await campus.anonymous().get("/api/v1/me", headers={"authorization": f"Bearer {token}"})


async def test_an_outside_token_is_as_good_as_a_local_one(campus: Visitor, classroom: Classroom) -> None:
    assert good(await me(campus, classroom, "RS256", OLD))["id"] == str(classroom.teacher.id)
    good(await campus.speaking_as(classroom.teacher).get("/api/v1/me"))


async def test_a_key_that_was_not_published_is_no_key(campus: Visitor, classroom: Classroom) -> None:
    assert refusal(await me(campus, classroom, "ES256", NEW)) == (401, "unauthenticated")


async def test_new_keys_are_found_and_a_broken_file_in_between_does_not_stop_that(
    campus: Visitor, classroom: Classroom, jwks: Path
) -> None:
    publish_nonsense(jwks)
    await asyncio.sleep(0.15)
    good(await me(campus, classroom, "RS256", OLD))
    publish(jwks, NEW)
    for _ in range(100):
        if (await me(campus, classroom, "ES256", NEW)).status_code == 200:
            break
        await asyncio.sleep(0.02)
    good(await me(campus, classroom, "ES256", NEW))
    assert refusal(await me(campus, classroom, "RS256", OLD)) == (401, "unauthenticated")
