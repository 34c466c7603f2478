"""Session facts: remembered, read once, and never older than the last change heard (api/facts.py)."""

import asyncio
from dataclasses import fields
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from api.facts import FactsCache, SessionFacts
from api.services import Services
from shared.domain.codes import CodeFace
from shared.domain.words import SessionStatus
from tests.api.lecture import Clock

SESSION = uuid4()


def make_facts(session_id: UUID, face: CodeFace) -> SessionFacts:
    """A session of nobody."""
    rest: dict[str, Any] = {field.name: None for field in fields(SessionFacts)}
    return SessionFacts(**{**rest, "id": session_id, "status": SessionStatus.ACTIVE, "face": face})


class Source(FactsCache):
    """Facts whose reading the test holds up."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.time = 0.0
        super().__init__(engine, 30.0, lambda: self.time)
        self.visible = True
        self.reads = 0
        self.away = False
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def _read(self, key: UUID | int) -> SessionFacts | None:
        self.reads += 1
        face = CodeFace(7, 0, Clock().now, 15, self.visible)
        self.begun.set()
        await self.go_on.wait()
        if self.away:
            raise OperationalError("SELECT", None, OSError("gone"))
        return make_facts(SESSION, face)


@pytest.fixture
def facts(services: Services) -> Source:
    """An empty memory."""
    return Source(services.engine)


async def seen(facts: FactsCache, way: str) -> bool:
    """Whether the code is visible, as the memory says."""
    found = await (facts.get(SESSION) if way == "id" else facts.by_reference(7))
    assert found is not None
    return found.face.visible


@pytest.mark.parametrize("way", ["id", "reference"])
async def test_concurrent_misses_read_once(facts: Source, way: str) -> None:
    await asyncio.gather(*(seen(facts, way) for _ in range(20)))
    assert facts.reads == 1
    await seen(facts, way)
    assert facts.reads == 1


async def test_what_is_known_by_reference_is_known_by_id(facts: Source) -> None:
    await seen(facts, "reference")
    await seen(facts, "id")
    assert facts.reads == 1


async def test_facts_end_after_a_while(facts: Source) -> None:
    await seen(facts, "id")
    facts.time = 30.0
    await seen(facts, "reference")
    assert facts.reads == 2


@pytest.mark.parametrize("way", ["id", "reference"])
async def test_facts_go_on_while_the_database_is_away(facts: Source, way: str) -> None:
    """Nothing can change meanwhile; without this check-ins stop a minute into an outage."""
    await seen(facts, way)
    facts.time, facts.away = 1_000.0, True
    assert await seen(facts, way)
    assert await seen(facts, way)
    assert facts.reads == 2, "nobody waits for the database at every request"
    facts.time, facts.away, facts.visible = 1_010.0, False, False
    assert not await seen(facts, way)


async def test_facts_that_changed_do_not_go_on(facts: Source) -> None:
    await seen(facts, "id")
    facts.away = True
    facts.forget(SESSION)
    with pytest.raises(OperationalError):
        await seen(facts, "id")


@pytest.mark.parametrize("way", ["id", "reference"])
async def test_facts_in_doubt_are_read_again(facts: Source, way: str) -> None:
    await seen(facts, way)
    facts.visible = False
    facts.doubt_all()
    assert not await seen(facts, way)
    assert facts.reads == 2


@pytest.mark.parametrize("way", ["id", "reference"])
async def test_facts_in_doubt_go_on_while_the_database_is_away(facts: Source, way: str) -> None:
    await seen(facts, way)
    facts.away = True
    facts.doubt_all()
    assert await seen(facts, way)
    facts.away, facts.visible = False, False
    facts.doubt_all()
    assert not await seen(facts, way)


async def test_doubts_during_a_reading_that_fails_end_nothing(facts: Source) -> None:
    await seen(facts, "id")
    facts.time, facts.away = 1_000.0, True
    facts.begun.clear()
    facts.go_on.clear()
    reading = asyncio.create_task(seen(facts, "id"))
    await facts.begun.wait()
    facts.doubt_all()
    facts.go_on.set()
    assert await reading


async def test_what_was_being_read_when_doubts_came_is_not_remembered(facts: Source) -> None:
    facts.go_on.clear()
    reading = asyncio.create_task(seen(facts, "id"))
    await facts.begun.wait()
    facts.visible = False
    facts.doubt_all()
    facts.go_on.set()
    await reading
    assert not await seen(facts, "id")


@pytest.mark.parametrize("way", ["id", "reference"])
async def test_what_was_being_read_when_it_changed_is_not_remembered(facts: Source, way: str) -> None:
    """A teacher hides the code while somebody's scan has just asked for the facts."""
    facts.go_on.clear()
    reading = asyncio.create_task(seen(facts, way))
    await facts.begun.wait()
    facts.visible = False
    facts.forget(SESSION)
    facts.go_on.set()
    await reading
    assert [await seen(facts, "id"), await seen(facts, "reference")] == [False, False]


@pytest.mark.parametrize("way", ["id", "reference"])
async def test_a_change_is_seen_at_once(facts: Source, way: str) -> None:
    assert await seen(facts, way)
    facts.visible = False
    facts.forget(SESSION)
    assert not await seen(facts, way)


async def test_a_caller_who_leaves_does_not_take_the_others_along(facts: Source) -> None:
    facts.go_on.clear()
    leaves, stays = [asyncio.create_task(seen(facts, "id")) for _ in range(2)]
    await asyncio.sleep(0)
    leaves.cancel()
    facts.go_on.set()
    assert await stays


async def test_the_memory_is_bounded(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.facts.MOST", 2)
    facts: Any = FactsCache(services.engine, 30.0, lambda: 0.0)
    face = CodeFace(0, 0, Clock().now, 15, True)
    for number in range(3):
        face = CodeFace(number, 0, face.epoch, 15, True)
        facts._remember(make_facts(uuid4(), face))
    assert len(facts._known) == len(facts._references) == 2
