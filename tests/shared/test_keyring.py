"""Changing the campus secret logs nobody out: the next key is accepted before it signs, the last one after."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.ids import new_id
from shared.keyring import under_any
from shared.settings import Settings
from shared.tokens import InvalidToken, Tokens

OLD = "the old secret of at least thirty-two bytes"
NEW = "the new secret of at least thirty-two bytes"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def settings(secret: str, other: str | None = None) -> Settings:
    """Settings of a process during the change."""
    made: dict[str, Any] = {"database_url": "postgresql://x/y", "redis_url": "redis://x"}
    return Settings(secret_key=secret, other_secret_key=other, **made)


def token_under(secret: str) -> str:
    """A login made under a key."""
    return Tokens(settings(secret)).issue(new_id(), Role.TEACHER, NOW, timedelta(hours=8))[0]


@pytest.mark.parametrize(
    ("secret", "other", "accepted"),
    [(OLD, None, {OLD}), (OLD, NEW, {OLD, NEW}), (NEW, OLD, {OLD, NEW}), (NEW, None, {NEW})],
    ids=["before", "the new one is accepted", "the new one signs", "the old one is gone"],
)
def test_logins_hold_through_every_phase(secret: str, other: str | None, accepted: set[str]) -> None:
    tokens = Tokens(settings(secret, other))
    for key in (OLD, NEW):
        if key in accepted:
            assert tokens.verify(token_under(key), NOW)
        else:
            with pytest.raises(InvalidToken):
                tokens.verify(token_under(key), NOW)


def test_only_the_first_key_signs() -> None:
    made, _ = Tokens(settings(NEW, OLD)).issue(new_id(), Role.STUDENT, NOW, timedelta(hours=1))
    with pytest.raises(InvalidToken):
        Tokens(settings(OLD)).verify(made, NOW)


def test_what_is_wrong_otherwise_is_wrong_under_both() -> None:
    with pytest.raises(InvalidToken, match="expired"):
        Tokens(settings(NEW, OLD)).verify(token_under(OLD), NOW + timedelta(hours=9))


def test_a_short_other_key_is_refused() -> None:
    with pytest.raises(ValueError, match="needs at least 32 bytes"):
        settings(NEW, "short")


def test_a_code_that_is_genuine_but_late_is_not_tried_under_the_next_key() -> None:
    """Or the student would be told that their code is forged."""
    tried: list[bytes] = []

    def late(secret: bytes) -> None:
        tried.append(secret)
        raise Refused(Code.CODE_EXPIRED)

    with pytest.raises(Refused) as caught:
        under_any((b"new", b"old"), late)
    assert caught.value.code == Code.CODE_EXPIRED
    assert tried == [b"new"]
