"""Every process hears what the others say, and nothing that is said can make it deaf."""

import asyncio
from datetime import timedelta
from typing import get_args
from uuid import uuid4

import pytest

from api.app import _again_and_again
from api.listener import Listener
from api.services import Services
from shared.domain.words import Role
from shared.messages import control
from shared.messages.control import Control
from shared.tokens import Tokens

SAID: list[Control] = [
    control.SessionFactsChanged(uuid4()),
    control.TokenRevoked("somebody's"),
    control.PersonDisabled(uuid4()),
    control.TabsClosed([uuid4()]),
    control.DrainWanted("a gateway's"),
]


def test_every_kind_of_message_is_tried_here() -> None:
    assert {type(said) for said in SAID} == set(get_args(Control))


@pytest.mark.parametrize("said", SAID, ids=lambda said: type(said).__name__)
async def test_a_message_for_others_forgets_nobody(services: Services, said: Control) -> None:
    """Also none that is not about them."""
    tokens, now = Tokens(services.settings), services.now()
    token, identity = tokens.issue(uuid4(), Role.STUDENT, now, timedelta(hours=1))
    tokens.remember(token, identity)
    await Listener(services.redis, services.facts, tokens, services.nudger).hear(control.encode(said))
    assert tokens.recall(token, now) == identity


async def test_background_work_that_fails_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.app.RESTART_SECONDS", 0.0)
    faults, well = iter([AttributeError("ours"), KeyError("ours too")]), asyncio.Event()

    async def work() -> None:
        if fault := next(faults, None):
            raise fault
        well.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(_again_and_again(work))
    async with asyncio.timeout(5):
        await well.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
