"""Questions to Redis, asked together: what all sockets want to know in one turn of the loop goes out as one write, on
one connection, and is answered in that order. A round trip of one's own costs more CPU than a dozen commands."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError

from gateway.redis_link import Command, Link, linked, pack
from gateway.tasks import cancelled

AWAY = (RedisError, OSError, TimeoutError)
"""What is raised when Redis cannot be asked."""
LOOKS = 4
"""How often within the time for an answer the oldest question is looked at; a timer per question would cost more."""


@dataclass(slots=True)
class _Question:
    packed: bytes
    expected: int
    answer: "asyncio.Future[list[Any]]"
    said_at: float = 0.0
    replies: list[Any] = field(default_factory=list)

    def fail(self, error: BaseException) -> None:
        if not self.answer.done():
            self.answer.cancel() if isinstance(error, asyncio.CancelledError) else self.answer.set_exception(error)

    def settle(self) -> None:
        failed = next((reply for reply in self.replies if isinstance(reply, Exception)), None)
        if failed is not None:
            self.fail(failed)
        elif not self.answer.done():
            self.answer.set_result(self.replies)


class Asking:
    """Asks Redis. What one question's commands return comes in their order; they are not one atomic step.

    A question without an answer after ``timeout`` seconds, or a little later, ends the connection; the next one begins
    another.
    """

    def __init__(self, redis: Redis, timeout: float) -> None:
        self._redis = redis
        self._timeout = timeout
        self._link: Link | None = None
        self._life: asyncio.Task[None] | None = None
        self._waiting: list[_Question] = []
        self._asked: deque[_Question] = deque()

    async def ask(self, *commands: Command) -> list[Any]:
        """The answers to these commands; raises ``RedisError``, or ``TimeoutError`` when Redis is away, and what
        :func:`gateway.redis_link.pack` does at once."""
        if not commands:
            return []
        loop = asyncio.get_running_loop()
        question = _Question(pack(commands), len(commands), loop.create_future())
        self._waiting.append(question)
        if self._life is None:
            self._life = asyncio.create_task(self._live())
        elif self._link is not None and len(self._waiting) == 1:
            loop.call_soon(self._say)
        return await question.answer

    async def stop(self) -> None:
        """Ask nothing more."""
        if self._life is not None:
            await cancelled([self._life])

    async def _live(self) -> None:
        """Connections, one after the other while there is something to ask."""
        try:
            while self._waiting:
                await self._connected()
        except BaseException as error:
            _fail(self._waiting, error)
            if not isinstance(error, AWAY):
                raise
        finally:
            self._life = None

    async def _connected(self) -> None:
        """One connection, until it is lost."""
        async with asyncio.timeout(self._timeout):
            link = await linked(self._redis, self._hear)
        self._link = link
        error: BaseException = LostConnection("the connection was lost")
        try:
            self._say()
            await self._watch(link)
        except (TimeoutError, asyncio.CancelledError) as reason:
            error = reason
            if isinstance(error, asyncio.CancelledError):
                raise
        finally:
            self._link = None
            _fail(self._asked, error)
            await link.close()

    async def _watch(self, link: Link) -> None:
        """Until the connection is lost; raises ``TimeoutError`` when an answer takes too long."""
        while not link.lost.done():
            await asyncio.wait([link.lost], timeout=self._timeout / LOOKS)
            if self._is_late():
                await asyncio.sleep(0)  # After a stall of this loop the answer may be there, unread.
                if self._is_late():
                    raise TimeoutError("no answer")

    def _is_late(self) -> bool:
        now = asyncio.get_running_loop().time()
        return bool(self._asked) and now - self._asked[0].said_at > self._timeout

    def _say(self) -> None:
        if self._link is None or not self._waiting:
            return
        questions, self._waiting = self._waiting, []
        now = asyncio.get_running_loop().time()
        for question in questions:
            question.said_at = now
        self._asked.extend(questions)
        self._link.say(b"".join(question.packed for question in questions))

    def _hear(self, replies: list[Any]) -> None:
        for reply in replies:
            question = self._asked[0]
            question.replies.append(reply)
            if len(question.replies) == question.expected:
                self._asked.popleft()
                question.settle()


def _fail(questions: "list[_Question] | deque[_Question]", error: BaseException) -> None:
    for question in questions:
        question.fail(error)
    questions.clear()
