"""``muster user disable``, as a gateway that never heard of it finds it in Redis."""

from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from deploy.cli import app
from shared import keys
from shared.messages import control
from shared.settings import Settings
from shared.tokens import MAX_LIFE
from tests.campus import Classroom


@pytest.fixture
def operator(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Somebody at the command line of the campus."""
    monkeypatch.setenv("MUSTER_ENVIRONMENT", "local")
    monkeypatch.setenv("MUSTER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MUSTER_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("MUSTER_SECRET_KEY", settings.secret_key.get_secret_value())
    return CliRunner()


def test_disabling_is_kept_for_a_tokens_life_and_told_at_once(
    operator: CliRunner, owner: Engine, redis: Redis, classroom: Classroom
) -> None:
    """Twice is as good as once, and counts from the second time."""
    person = classroom.teacher.id
    with redis.pubsub() as listener:  # type: ignore[no-untyped-call]
        listener.subscribe(keys.CONTROL)
        listener.get_message(timeout=5)
        for _ in range(2):
            ended = operator.invoke(app, ["user", "disable", email_of(owner, person)])
            assert ended.exit_code == 0, ended.output
            left = redis.ttl(keys.disabled(person))
            assert MAX_LIFE.total_seconds() - 60 < left <= MAX_LIFE.total_seconds()
            told = listener.get_message(timeout=5)
            assert told is not None
            assert control.decode(told["data"]) == control.PersonDisabled(person)
            redis.expire(keys.disabled(person), 60)


def email_of(owner: Engine, person: UUID) -> str:
    """Where the person gets mail."""
    with owner.connect() as connection:
        email: str = connection.execute(text("SELECT email FROM users WHERE id = :id"), {"id": person}).scalar_one()
    return email
