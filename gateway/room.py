"""One channel in one process: where it stands, who follows it, and what each push means to them. No I/O.

A subscription is first *joining*: pushes are buffered until a position has been read that is newer than the
subscription itself. Then it is *live*: all up to the room's position has been sent to it, and nothing up to its own
``floor`` will be sent again. So a version is never shown twice, and none is passed over in silence.

Whatever was heard before a reading began is covered by that reading, since it had been numbered before it was heard.
That is why buffers are emptied when a reading begins.

``position`` is what has been taken in; ``unsent`` is the part of it that is on its way out (:mod:`gateway.fanout`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from gateway import answers
from gateway.pushes import Push
from gateway.recovery import Gap, Position, Reading, missed
from gateway.rights import Right
from gateway.rows import Row, row_of
from gateway.showing import Counters
from gateway.views import portions

if TYPE_CHECKING:
    from gateway.hub import Subscription


RECENT = 64
"""Pushes a room remembers, so that those who come back soon cost Redis nothing."""


@dataclass(eq=False, slots=True)
class Room:
    """``position`` is unknown until somebody is live; ``pending`` is what is heard while the room catches up. ``staff``
    and ``students`` are who is live, in the order in which they came; in that order they are written to."""

    channel: str
    session_id: UUID
    position: Position | None = None
    pending: list[Push] | None = None
    unsent: list[Push] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    recent: deque[Push] = field(default_factory=lambda: deque(maxlen=RECENT))
    joining: set[Subscription] = field(default_factory=set)
    staff: dict[UUID, set[Subscription]] = field(default_factory=dict)
    students: dict[UUID, set[Subscription]] = field(default_factory=dict)
    _rows: dict[Right, Row] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nobody is here."""
        return not (self.joining or self.staff or self.students)

    def is_in(self, epoch: str) -> bool:
        """Whether the room stands in this epoch, or nowhere yet."""
        return self.position is None or self.position.epoch == epoch

    def hear(self, push: Push) -> bool:
        """Take in a push from the bus. False: something before it was missed, the room must catch up."""
        for subscription in self.joining:
            subscription.buffer.append(push)
        if self.pending is not None:
            self.pending.append(push)
            return True
        return self.position is None or self._pass_on(push, self.position)

    def reading(self, after: int | None, epoch: str | None) -> Reading | None:
        """Where the room stands and what came after a version, as far as it remembers; ``None``: ask Redis."""
        here = self.position
        if here is None or self.pending is not None:
            return None
        if after is None:
            return Reading(here)
        later = [push for push in self.recent if push.version > after]
        known = epoch == here.epoch and after <= here.version and len(later) == here.version - after
        return Reading(here, later) if known else None

    def fits(self, subscription: Subscription, top: Position) -> bool:
        """Whether what was buffered since the reading began follows it without a hole, up to where the room is.

        Readings overtake each other: somebody who joins with an older one than the room stands on would never be
        sent what lies between.
        """
        end = _end(subscription.buffer, top)
        here = self.position
        return end is not None and (here is None or here.epoch != top.epoch or here.version <= end)

    def settle(self, subscription: Subscription, top: Position) -> bool:
        """Make somebody live at a position that fits. False: the room is in another epoch and must catch up.

        What it still has to say of its own epoch is nothing for them: it must have been sent before.
        """
        subscription.floor, subscription.epoch = top.version, top.epoch
        for push in subscription.buffer:
            if push.version > subscription.floor:
                give(subscription, push)
                subscription.floor = push.version
        subscription.buffer = []
        self._seat(subscription)
        if self.position is None:
            self.position = Position(subscription.floor, top.epoch)
        if self.position.epoch == top.epoch:
            return True
        self.counters.forget()
        return False

    def catch_up(self, reading: Reading) -> bool:
        """Bring everyone to the top that was read, then to what was heard since. False: read again.

        Nothing may be ``unsent``: who is told to resync must not be sent older things afterwards.
        """
        assert not self.unsent
        heard, self.pending = self.pending or [], None
        before, self.position = self.position or reading.top, reading.top
        later = missed(before.version, before.epoch, reading)
        gap = later if isinstance(later, Gap) else None
        if gap is not None:
            self.recent.clear()
            self.counters.forget()
        for subscription in list(self.live()):
            self._bridge_or_resync(subscription, gap, reading.top)
        for push in [] if isinstance(later, Gap) else later:
            self._take(push)
        return all(self._pass_on(push, self.position) for push in heard)

    def row(self, right: Right, starts: int) -> Row:
        """Everybody live who is staff, or takes part, laid out for a strip that starts with this version."""
        row = self._rows.get(right)
        if row is None:
            row = self._rows[right] = row_of(_everybody(self._with(right)), starts)
        return row

    def shuffle(self, right: Right) -> None:
        """Somebody of these is to be written to in another way than before."""
        row = self._rows.pop(right, None)
        if row is not None:
            row.is_stale = True

    def leave(self, subscription: Subscription) -> None:
        """Forget somebody, joining or live."""
        if subscription.is_live:
            self.shuffle(subscription.right)
        subscription.is_live = False
        self.joining.discard(subscription)
        people, user_id = self._with(subscription.right), subscription.identity.user_id
        theirs = people.get(user_id, set())
        theirs.discard(subscription)
        if not theirs:
            people.pop(user_id, None)

    def live(self) -> Iterator[Subscription]:
        """Everyone who has been told where they stand."""
        yield from _everybody(self.staff)
        yield from _everybody(self.students)

    def _with(self, right: Right) -> dict[UUID, set[Subscription]]:
        return self.staff if right is Right.STAFF else self.students

    def _bridge_or_resync(self, subscription: Subscription, gap: Gap | None, top: Position) -> None:
        """Who is in the new epoch already joined it while the room caught up, at the top or later. Where a channel has
        gone back, nobody knows any more what the versions are that somebody has."""
        has_all = gap is None or (gap is not Gap.AHEAD and subscription.floor >= top.version)
        if subscription.epoch == top.epoch and has_all:
            return
        subscription.floor, subscription.epoch = top.version, top.epoch
        self.shuffle(subscription.right)
        subscription.client.tell(answers.resync(self.channel, gap or Gap.NEW_EPOCH))

    def _pass_on(self, push: Push, position: Position) -> bool:
        """Take a push for everyone if it is the next one. False: it is further on, or of another epoch."""
        if push.epoch != position.epoch or push.version > position.version + 1:
            return False
        if push.version == position.version + 1:
            self.position = Position(push.version, push.epoch)
            self._take(push)
        return True

    def _take(self, push: Push) -> None:
        self.unsent.append(push)
        self.recent.append(push)

    def _seat(self, subscription: Subscription) -> None:
        self.shuffle(subscription.right)
        subscription.is_live = True
        self.joining.discard(subscription)
        self._with(subscription.right).setdefault(subscription.identity.user_id, set()).add(subscription)


def _everybody(people: dict[UUID, set[Subscription]]) -> Iterator[Subscription]:
    for theirs in people.values():
        yield from theirs


def give(subscription: Subscription, push: Push) -> None:
    """Send one person their view of a push, whatever they had before."""
    if subscription.right is Right.STAFF:
        content: bytes | None = push.frame
    else:
        shares = portions(push)
        content = shares.everyone or shares.own.get(subscription.identity.user_id)
    if content is not None:
        subscription.client.tell(content)


def _end(pushes: list[Push], top: Position) -> int | None:
    """The version that pushes lead to from a position; ``None`` if something is missing between."""
    version = top.version
    for push in pushes:
        if push.epoch != top.epoch or push.version > version + 1:
            return None
        version = max(version, push.version)
    return version
