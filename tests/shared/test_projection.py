"""What Redis knows of a session only moves forward, whoever writes late."""

from typing import Any

import pytest
from redis import Redis

from shared import keys
from shared.domain.words import SessionStatus
from shared.ids import new_id
from shared.projection import Projection, write


@pytest.mark.parametrize(
    ("first", "then", "stands"),
    [
        (SessionStatus.SCHEDULED, SessionStatus.ACTIVE, b"active"),
        (SessionStatus.ACTIVE, SessionStatus.COMPLETED, b"completed"),
        (SessionStatus.COMPLETED, SessionStatus.ACTIVE, b"completed"),
        (SessionStatus.CANCELLED, SessionStatus.SCHEDULED, b"cancelled"),
    ],
)
def test_an_older_reading_that_arrives_late_is_dropped(
    redis: Redis, first: SessionStatus, then: SessionStatus, stands: bytes
) -> None:
    session, students = new_id(), [new_id(), new_id()]
    for status in (first, then):
        pipeline: Any = redis.pipeline(transaction=True)
        write(pipeline, Projection(session, status, new_id(), students))
        pipeline.execute()
    known: Any = redis.hget(keys.session(session), "status")
    assert known == stands
    assert redis.scard(keys.roster(session)) == 2
