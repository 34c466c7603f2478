"""The wheel that pings every socket, and what it takes for an answer."""

from dataclasses import dataclass, field

from websockets.frames import Opcode

from gateway.pulse import SLOTS, Pulse

ROUND = 15.0


@dataclass(eq=False)
class Ear:
    """A socket that is pinged, and answers when the test lets it."""

    slot: int = 0
    asked_at: float = 0.0
    pings: list[bytes] = field(default_factory=list)
    is_asked: bool = False
    silences: int = 0

    def ask(self, content: bytes, frame: bytes, now: float) -> None:
        """See :class:`gateway.pulse.Pinged`."""
        assert frame == bytes([0x80 | Opcode.PING, len(content)]) + content
        self.pings.append(content)
        self.asked_at, self.is_asked = now, True

    def silent(self) -> None:
        """See :class:`gateway.pulse.Pinged`."""
        self.silences += 1


class Time:
    """Seconds, turned by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def go_round(pulse: Pulse, time: Time, *answering: Ear) -> None:
    """One round."""
    for _ in range(SLOTS):
        time.now += ROUND / SLOTS
        await pulse.turn()
        for ear in answering:
            ear.is_asked = False


def wheel() -> tuple[Pulse, Time]:
    """A wheel that stands still."""
    time = Time()
    return Pulse(ROUND, time), time


async def test_everybody_is_asked_once_a_round_and_never_the_same_twice() -> None:
    pulse, time = wheel()
    ears = [Ear() for _ in range(3 * SLOTS)]
    for ear in ears:
        pulse.add(ear)
    await go_round(pulse, time, *ears)
    await go_round(pulse, time, *ears)
    assert {len(ear.pings) for ear in ears} == {2}
    assert all(first != second for first, second in (ear.pings for ear in ears))
    assert len({ear.pings[0] for ear in ears}) == SLOTS, "those who came together are spread"


async def test_who_does_not_answer_for_a_round_is_gone() -> None:
    pulse, time = wheel()
    lively, dead = Ear(), Ear()
    pulse.add(lively)
    pulse.add(dead)
    await go_round(pulse, time, lively)
    assert dead.silences == 0
    await go_round(pulse, time, lively)
    assert dead.silences == 1
    assert lively.silences == 0
    assert len(dead.pings) == 1


async def test_who_was_asked_out_of_turn_has_a_whole_round_to_answer() -> None:
    pulse, time = wheel()
    ear = Ear()
    pulse.add(ear)
    for _ in range(SLOTS - 1):
        time.now += ROUND / SLOTS
        await pulse.turn()
    ear.pings.clear()
    ear.ask(b"12345678", b"\x89\x0812345678", time.now)
    await go_round(pulse, time)
    assert ear.silences == 0


async def test_who_is_gone_is_asked_no_more() -> None:
    pulse, time = wheel()
    ear = Ear()
    pulse.add(ear)
    pulse.remove(ear)
    await go_round(pulse, time)
    assert ear.pings == []
