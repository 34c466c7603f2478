"""When dashboards count as exact: all of them have the same time to become so."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from loadtests.campus import RunningClass, RunningSession
from loadtests.dashboard import Dashboard, until_exact
from loadtests.load.journey import Journey
from shared.domain.codes import CodeFace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MEETING = RunningClass(RunningSession(UUID(int=1), "", CodeFace(1, 1, START, 60, True)), START, UUID(int=2), [])


class Told(Dashboard):
    """Shows what a reload shows once it is told so, and tells another when it is looked at."""

    def __init__(self, other: asyncio.Event | None = None) -> None:
        super().__init__(0, 0, MEETING, "", Journey(lambda _: None))
        self.told = asyncio.Event()
        self.other = other

    async def is_exact(self) -> bool:
        """As it was told."""
        if self.other is not None:
            self.other.set()
        return self.told.is_set()


async def test_nobody_waits_for_a_dashboard_that_is_wrong() -> None:
    first = Told()
    second = Told(first.told)
    second.told.set()
    assert await until_exact([first, second], seconds=5.0) == [], "the second is looked at while the first is wrong"


async def test_what_a_dashboard_shows_wrongly_and_what_it_missed_are_found() -> None:
    wrong, missed = Told(), Told()
    missed.told.set()
    missed.gaps = 2
    found = await until_exact([wrong, missed], seconds=0.05)
    assert found == [
        ("a dashboard shows something else than a reload", wrong),
        ("2 gaps in a dashboard's versions", missed),
    ]
