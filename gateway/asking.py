"""Questions to Redis, asked together: what all sockets want to know while one answer is on its way goes out in the
next pipeline. A round trip costs more CPU than a dozen commands, so this is what admitting somebody costs."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from gateway.tasks import cancelled

Command = tuple[Any, ...]
"""A Redis command with its arguments."""

TOGETHER = 300
"""Questions per pipeline; some have several commands."""

_Question = tuple[Sequence[Command], "asyncio.Future[list[Any]]"]


class Asking:
    """Asks Redis. What one question's commands return comes in their order; they are not one atomic step."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[_Question] = []
        self._asker: asyncio.Task[None] | None = None

    async def ask(self, *commands: Command) -> list[Any]:
        """The answers to these commands; raises ``RedisError``, or ``TimeoutError`` when Redis is away."""
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((commands, answer))
        if self._asker is None:
            self._asker = asyncio.create_task(self._ask_all())
        return await answer

    async def stop(self) -> None:
        """Ask nothing more."""
        if self._asker is not None:
            await cancelled([self._asker])

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                questions, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
                await self._ask(questions)
        finally:
            self._asker = None
            for _, answer in self._waiting:
                answer.cancel()
            self._waiting.clear()

    async def _ask(self, questions: Sequence[_Question]) -> None:
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for commands, _ in questions:
                    for command in commands:
                        pipe.execute_command(*command)
                replies = await pipe.execute(raise_on_error=False)
        except BaseException as error:
            for _, answer in questions:
                if not answer.done():
                    answer.cancel() if isinstance(error, asyncio.CancelledError) else answer.set_exception(error)
            if isinstance(error, asyncio.CancelledError):
                raise
            return
        place = 0
        for commands, answer in questions:
            mine, place = replies[place : place + len(commands)], place + len(commands)
            if not answer.done():
                _settle(answer, mine)


def _settle(answer: "asyncio.Future[list[Any]]", replies: list[Any]) -> None:
    failed = next((reply for reply in replies if isinstance(reply, Exception)), None)
    if failed is None:
        answer.set_result(replies)
    else:
        answer.set_exception(failed)
