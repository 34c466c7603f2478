"""What a batch of pushes is on the wire: for staff, for students, and for students who are in it. No I/O.

Everything that came within a tick is joined, so that a client costs one write however many pushes there were; the
frames stay separate messages. Staff get every version. Students, whose view has gaps by nature, get counters at most
four times a second (3-realtime 3.4): those that wait are merged, the latest value of each wins. Whoever is shown
something newer is shown the waiting counters first, so nobody's versions ever go back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from gateway.frames import text_frame
from gateway.pushes import Push
from gateway.views import portions

COUNTERS = "STATS_UPDATE"
COUNTERS_SECONDS = 0.25
"""Between two frames of counters to students of a session."""

_encoder = msgspec.json.Encoder()


class Shown(msgspec.Struct, frozen=True):
    """A frame on the wire, and the version after which a client needs it no more."""

    version: int
    frame: bytes
    is_counters: bool = False


class Strip(msgspec.Struct, frozen=True):
    """Frames in order, joined once for everybody who needs all of them."""

    parts: Sequence[Shown]
    joined: bytes
    starts: int

    @classmethod
    def of(cls, parts: Sequence[Shown]) -> "Strip":
        """A strip of these."""
        return cls(parts, b"".join([part.frame for part in parts]), parts[0].version if parts else 0)

    def after(self, floor: int) -> bytes:
        """What somebody needs who has everything up to a version."""
        if floor < self.starts:
            return self.joined
        return b"".join(part.frame for part in self.parts if part.version > floor)

    def without_counters(self, floor: int) -> bytes:
        """The same for somebody who reads too slowly."""
        return b"".join(part.frame for part in self.parts if part.version > floor and not part.is_counters)


NOTHING = Strip.of([])


class Batch(msgspec.Struct, frozen=True):
    """What to send: ``own`` is for the students named in it, instead of ``students``."""

    staff: Strip
    students: Strip
    own: dict[UUID, Strip]


@dataclass(slots=True)
class Counters:
    """Counters that students have not been shown yet: the newest push with the values of all that wait."""

    waiting: Push | None = None
    shown_at: float = float("-inf")

    def merge(self, push: Push) -> None:
        """Take newer ones."""
        self.waiting = push if self.waiting is None else _merged(self.waiting, push)

    def take(self, now: float) -> Push | None:
        """Those that wait, to be shown to everybody now."""
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            self.shown_at = now
        return waiting

    def forget(self) -> None:
        """Everybody is somewhere else now."""
        self.waiting = None

    def due(self) -> float | None:
        """When they are to be shown, if there are any."""
        return None if self.waiting is None else self.shown_at + COUNTERS_SECONDS


def batch_of(pushes: Sequence[Push], counters: Counters, here: Collection[UUID], now: float) -> Batch:
    """Lay out pushes for a room with these students in it. ``counters`` wait longer if they were shown just now."""
    staff = Strip.of([_shown(push) for push in pushes])
    if not here:
        # Whoever comes later has all this. What waited from before must not be merged into what they get next: it would
        # say old values once more, under a new version.
        counters.forget()
        return Batch(staff, NOTHING, {})
    lanes = _Lanes(here, counters, now)
    for push in pushes:
        lanes.lay(push)
    due = counters.due()
    if due is not None and due <= now:
        lanes.show_counters()
    return Batch(staff, Strip.of(lanes.common), {who: Strip.of(parts) for who, parts in lanes.own.items()})


@dataclass(slots=True)
class _Lanes:
    """What students get: ``common`` for all, ``own`` instead for those whom a push is about."""

    here: Collection[UUID]
    counters: Counters
    now: float
    common: list[Shown] = field(default_factory=list)
    own: dict[UUID, list[Shown]] = field(default_factory=dict)

    def lay(self, push: Push) -> None:
        if push.type == COUNTERS:
            self.counters.merge(push)
            return
        shares = portions(push)
        if shares.everyone is not None:
            self.show_counters()
            self._for_all(_shown(push))
        for student_id, content in shares.own.items():
            if student_id in self.here:
                self._for_one(student_id, Shown(push.version, text_frame(content)))

    def show_counters(self) -> None:
        waiting = self.counters.take(self.now)
        if waiting is not None:
            self._for_all(_shown(waiting))

    def _for_one(self, student_id: UUID, shown: Shown) -> None:
        lane = self.own.setdefault(student_id, list(self.common))
        if self.counters.waiting is not None:
            _put(lane, _shown(self.counters.waiting))
        _put(lane, shown)

    def _for_all(self, shown: Shown) -> None:
        self.common.append(shown)
        for lane in self.own.values():
            _put(lane, shown)


def _put(lane: list[Shown], shown: Shown) -> None:
    """Versions only go up: counters that were shown out of turn are not shown again."""
    if not lane or lane[-1].version < shown.version:
        lane.append(shown)


def _shown(push: Push) -> Shown:
    return Shown(push.version, text_frame(push.frame), push.type == COUNTERS)


def _merged(older: Push, newer: Push) -> Push:
    """The newer counters, with those that only the older ones say."""
    if older.epoch != newer.epoch:
        return newer
    try:
        return _together(older, newer)
    except (msgspec.DecodeError, KeyError, TypeError):
        return newer


def _together(older: Push, newer: Push) -> Push:
    envelope = msgspec.json.decode(newer.frame)
    said = {**msgspec.json.decode(older.frame)["payload"]["data"], **envelope["payload"]["data"]}
    frame = _encoder.encode({**envelope, "payload": {**envelope["payload"], "data": said}})
    return Push(newer.version, newer.epoch, newer.type, frame)
