"""The drain: accepted events become facts in PostgreSQL, then news on the bus.

One pass reads a batch from a source, applies it in one transaction, commits, publishes, and only then settles it, so
a crash anywhere repeats work and never loses it; everything it repeats is without effect (event ids are unique, news
carries absolute values). From before the commit until after the publish a pass holds a lock per session, so that
news of one session leaves in the order of its facts however many drains there are.

An event that cannot be applied is isolated by halving the batch; its neighbours are committed. After five tries
it goes to the dead letters with its reason. A database that is away is nobody's fault: then nothing is counted.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import msgspec
import structlog
from redis.exceptions import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from shared.messages.events import (
    Canary,
    CheckInAccepted,
    ConfirmationCalled,
    Event,
    RosterChanged,
    SessionStatusChanged,
    decode,
)
from shared.messages.pushes import Push
from shared.models import DeadLetter
from workers import canary, progress
from workers.apply import apply
from workers.metrics import BURIED, DRAIN_SECONDS, DRAINED
from workers.ports import Ports
from workers.project import project, remember_receipts
from workers.sources import Delivery, InboxSource, Source, StreamSource
from workers.turn import Turn

MOST_TRIES = 5
BUDGET_SECONDS = 5.0
"""A drain gives way after this long, so that its process can take other calls; it asks to be called again."""

CHANGE_FACTS = (SessionStatusChanged, RosterChanged, ConfirmationCalled)
"""After these every process's copy of the session is old."""

Readable = tuple[Delivery, Event]

log = structlog.get_logger()

_LOCK = text(
    "SELECT pg_advisory_lock(hashtextextended(id, 0)) FROM unnest(CAST(:ids AS text[])) WITH ORDINALITY AS s (id, n)"
)
_UNLOCK = text("SELECT pg_advisory_unlock_all()")


@dataclass
class Pass:
    """What became of one batch."""

    applied: list[Delivery] = field(default_factory=list)
    failed: list[tuple[Delivery, str]] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    canaries: list[Canary] = field(default_factory=list)


def drain(ports: Ports) -> bool:
    """Drain until nothing waits or the time is up; whether more may wait."""
    sources: list[Source] = [StreamSource(ports.redis, ports.consumer), InboxSource(ports.engine)]
    turn = Turn(ports.redis, ports.consumer, ports.settings.drain_batch)
    try:
        if not turn.begin():
            return False
        more = missed = False
        try:
            more = _drain_on(ports, sources, turn)
        finally:
            missed = turn.end()
        return more or (missed and _look(ports, sources) > 0)
    except (RedisError, OperationalError, InterfaceError, OSError) as error:
        log.warning("dependency away; the events stay where they are", reason=type(error).__name__)
        return False


def _drain_on(ports: Ports, sources: Sequence[Source], turn: Turn) -> bool:
    """Look until nothing waits, or the time is up; whether more may wait."""
    until = time.monotonic() + BUDGET_SECONDS
    while time.monotonic() < until:
        if not _look(ports, sources):
            return False
        turn.hold()
    return True


def _look(ports: Ports, sources: Sequence[Source]) -> int:
    """One batch of each source; how many events are settled."""
    return sum(drain_once(ports, source) for source in sources)


def drain_once(ports: Ports, source: Source) -> int:
    """One batch of one source; how many events are settled."""
    began = time.perf_counter()
    with source.take(ports.settings.drain_batch) as deliveries:
        if not deliveries:
            return 0
        done, origin = Pass(), deliveries[0].origin
        readable = list(_readable(deliveries, done))
        with (
            ports.engine.connect() as connection,
            sessions_locked(connection, {event.session_id for _, event in readable}),
        ):
            _apply(connection, readable, done)
            project(ports, connection, _changed_sessions(readable))  # first: who is told finds what they hear of
            ports.publisher.publish(done.pushes)
            canary.seen(ports, done.canaries)
            if origin == "inbox":
                remember_receipts(ports, [event for _, event in readable if isinstance(event, CheckInAccepted)])
        dead = [(delivery, reason) for delivery, reason in done.failed if delivery.tries >= MOST_TRIES]
        _bury(ports, dead)
        settled = [*done.applied, *(delivery for delivery, _ in dead)]
        source.settle(settled, [delivery for delivery, _ in done.failed if delivery.tries < MOST_TRIES])
        progress.note(ports.redis, "events")
        DRAINED.labels(origin).inc(len(settled))
        DRAIN_SECONDS.labels(origin).observe(time.perf_counter() - began)
        log.debug("drained", origin=origin, applied=len(done.applied), failed=len(done.failed))
        return len(settled)


def _readable(deliveries: Sequence[Delivery], done: Pass) -> Iterator[Readable]:
    for delivery in deliveries:
        try:
            event = decode(delivery.payload)
        except msgspec.DecodeError as error:
            done.failed.append((delivery, f"unreadable: {error}"))
            continue
        if isinstance(event, Canary):
            done.canaries.append(event)
            done.applied.append(delivery)
        else:
            yield delivery, event


def _apply(connection: Connection, batch: Sequence[Readable], done: Pass) -> None:
    """Apply a batch in one transaction, or its halves when it fails, down to the event that is to blame."""
    if not batch:
        return
    try:
        with connection.begin():
            pushes = apply(connection, [event for _, event in batch])
    except Exception as error:
        if is_away(error):
            raise
        if len(batch) == 1:
            done.failed.append((batch[0][0], reason_of(error)))
            return
        middle = len(batch) // 2
        _apply(connection, batch[:middle], done)
        _apply(connection, batch[middle:], done)
        return
    done.applied += [delivery for delivery, _ in batch]
    done.pushes += pushes


def is_away(error: Exception) -> bool:
    """Whether the database itself failed, and not what was asked of it. A statement that took too long, a lock that
    was not given or a deadlock is no outage: half the batch may well do."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None) or "08"
    return (
        error.connection_invalidated
        or isinstance(error, InterfaceError)
        or (state[:2] in ("08", "53", "57", "58") and state != "57014")
    )


def reason_of(error: Exception) -> str:
    """One line for the dead letter."""
    return f"{type(error).__name__}: {getattr(error, 'orig', error)}".split("\n")[0]


@contextmanager
def sessions_locked(connection: Connection, sessions: Iterable[UUID]) -> Iterator[None]:
    """Hold the lock of every session, taken in one order; a dead connection gives them back."""
    ids = sorted(str(session) for session in sessions)
    try:
        connection.execute(_LOCK, {"ids": ids})
        connection.commit()
        yield
    except BaseException:
        # Some locks may be held and others not: the server gives all of them back when the connection ends.
        connection.invalidate()
        raise
    connection.rollback()
    connection.execute(_UNLOCK)
    connection.commit()


def _changed_sessions(batch: Sequence[Readable]) -> set[UUID]:
    return {event.session_id for _, event in batch if isinstance(event, CHANGE_FACTS)}


def _bury(ports: Ports, dead: Sequence[tuple[Delivery, str]]) -> None:
    """Put what cannot be applied where a person will see it. Not a loss: it is kept, with its reason, and once, also
    when a worker dies before it has settled what it buried."""
    if not dead:
        return
    rows = [
        {"origin": delivery.origin, "entry_id": delivery.entry_id, "payload": delivery.payload, "reason": reason}
        for delivery, reason in dead
    ]
    bury = insert(DeadLetter).on_conflict_do_nothing().returning(DeadLetter.id)
    with ports.engine.begin() as connection:
        buried = len(connection.execute(bury, rows).all())
    if buried:
        BURIED.inc(buried)
        log.error("dead letters", count=buried, reason=dead[0][1])
