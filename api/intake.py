"""Intake: check-ins are redeemed and appended durably, a micro-batch at a time, before anybody hears "accepted".

One Lua step per batch (lua/accept.lua) redeems tickets, keeps receipts and appends one stream entry. While Redis is
away the same batch goes into PostgreSQL's inbox instead, and the same drain reads it. With both away the caller
hears 503; nothing is ever acknowledged that is only in memory.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from api.allowance import Allowance
from api.breaker import Breaker
from api.facts import FactsCache
from api.fallback import Fallback
from api.microbatch import MicroBatch
from api.problems import rate_limited
from api.receipts import Outcome, Receipt, Verdict
from shared import keys
from shared.domain.tickets import LIFE, to_millis
from shared.lua import script
from shared.messages.events import CheckInAccepted, encode
from shared.projection import write
from shared.queue import Nudger

RECEIPT_SECONDS = 86_400
TICKET_SECONDS = int(LIFE.total_seconds()) + 60

REFUSED = {b"T": Outcome.TICKET_USED, b"V": Outcome.DEVICE_USED}
"""Refusals of lua/accept.lua that say all there is to say."""

log = structlog.get_logger()


class Intake:
    """Where accepted check-ins become durable."""

    def __init__(
        self,
        redis: Redis,
        fallback: Fallback,
        facts: FactsCache,
        nudger: Nudger,
        breaker: Breaker,
        most: int,
    ) -> None:
        self._redis = redis
        self._fallback = fallback
        self._facts = facts
        self._nudger = nudger
        self._breaker = breaker
        self._most = most
        self._local = Allowance("check-ins", most)
        self._accept = redis.register_script(script("accept"))
        self._batch: MicroBatch[CheckInAccepted, Verdict] = MicroBatch(self._flush)

    async def accept(self, event: CheckInAccepted) -> Verdict:
        """Redeem and append one check-in. Raises when it could be made durable nowhere."""
        return await self._batch.add(event)

    async def charge(self, student_id: UUID) -> None:
        """Count a try that is refused before it comes to :meth:`accept`; 429 when there were too many."""
        counter = f"{keys.CHECK_IN_LIMIT}{student_id}"
        try:
            pipeline: Any = self._redis.pipeline(transaction=True)
            count, _, left = await pipeline.incr(counter).expire(counter, 60, nx=True).ttl(counter).execute()
            seconds = max(1, left) if count > self._most else 0
        except RedisError:
            seconds = self._local.wait(str(student_id))
        if seconds:
            raise rate_limited(seconds)

    async def first(self, session_id: UUID, student_id: UUID) -> Receipt | None:
        """The receipt of a student's accepted check-in in a session, if Redis remembers one."""
        try:
            kept: Any = await self._redis.hget(keys.receipts(session_id), str(student_id))
        except RedisError:
            return None
        return None if kept is None else Receipt.decode(kept.decode())

    async def _flush(self, events: list[CheckInAccepted]) -> Sequence[Verdict]:
        if self._breaker.closed:
            try:
                return await self._append(events)
            except RedisError as error:
                self._breaker.trip()
                log.warning("redis away; check-ins go to the inbox", reason=type(error).__name__)
        return await self._append_in_postgresql(events)

    async def _append_in_postgresql(self, events: list[CheckInAccepted]) -> Sequence[Verdict]:
        """While Redis is away. Tries are counted by each process alone then."""
        waits = [self._local.wait(str(event.student_id)) for event in events]
        within = [event for event, seconds in zip(events, waits, strict=True) if not seconds]
        verdicts = iter(await self._fallback.accept(within))
        self._nudger.nudge()
        return [Verdict(Outcome.TOO_MANY, wait=seconds) if seconds else next(verdicts) for seconds in waits]

    async def _append(self, events: list[CheckInAccepted]) -> list[Verdict]:
        verdicts = await self._ask(events)
        missing = [index for index, verdict in enumerate(verdicts) if verdict == b"?"]
        if missing:
            again = await self._ask_again([events[index] for index in missing])
            for index, verdict in zip(missing, again, strict=True):
                verdicts[index] = verdict
        return [_verdict(event, verdict) for event, verdict in zip(events, verdicts, strict=True)]

    async def _ask(self, events: list[CheckInAccepted]) -> list[bytes]:
        items = msgspec.json.encode([_item(event) for event in events])
        lives = (keys.NUDGE_MS, RECEIPT_SECONDS, TICKET_SECONDS)
        arguments: list[Any] = [keys.PREFIX, *lives, self._most, items, *map(encode, events)]
        answer: list[Any] = await self._accept(keys=[keys.EVENTS, keys.NUDGED], args=arguments)
        if answer[0]:
            self._nudger.nudge()
        return answer[1:]

    async def _ask_again(self, events: list[CheckInAccepted]) -> list[bytes]:
        """Check-ins of sessions that Redis has forgotten, after telling it. Where that fails too they are refused
        alone: the rest of their batch is accepted already."""
        try:
            await self._project({event.session_id for event in events})
        except (SQLAlchemyError, TimeoutError, OSError) as error:
            log.warning("database away; sessions stay unknown to redis", reason=type(error).__name__)
            return [b"?"] * len(events)
        return await self._ask(events)

    async def _project(self, session_ids: set[UUID]) -> None:
        """Redis has forgotten these sessions: tell it again from the truth, not from what is remembered."""
        for session_id in session_ids:
            self._facts.forget(session_id)
            if facts := await self._facts.get(session_id):
                async with self._redis.pipeline(transaction=True) as pipeline:
                    write(pipeline, facts.projection())
                    await pipeline.execute()


def _item(event: CheckInAccepted) -> tuple[Any, ...]:
    """A check-in as lua/accept.lua reads it; the receipt it makes is read by :meth:`Receipt.decode`."""
    ticket = event.ticket_id.hex() if event.ticket_id else ""
    return (
        event.session_id,
        event.student_id,
        ticket,
        event.id,
        event.status,
        to_millis(event.scanned_at),
        event.device.hex() if event.device else "",
        event.one_student_per_device,
    )


def _verdict(event: CheckInAccepted, answer: bytes) -> Verdict:
    """What lua/accept.lua said of one check-in."""
    kind, rest = answer[:1], answer[1:].decode()
    if kind == b"A":
        return Verdict(Outcome.ACCEPTED, Receipt.of(event))
    if kind == b"D":
        return Verdict(Outcome.DUPLICATE, Receipt.decode(rest))
    if kind == b"L":
        return Verdict(Outcome.TOO_MANY, wait=int(rest))
    if kind in REFUSED:
        return Verdict(REFUSED[kind])
    return Verdict(Outcome.UNKNOWN if kind == b"?" else Outcome.NOT_ACTIVE)
