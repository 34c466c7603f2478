"""What is written past the transport and what waits in it never mix, whoever reads when."""

import asyncio
import socket
from random import Random

import pytest

from gateway.closing import Close
from tests.gateway.ends import MOST, narrow


@pytest.mark.parametrize("seed", range(30))
async def test_every_byte_comes_once_and_in_order(seed: int) -> None:
    chance = Random(seed)
    async with narrow() as end:
        said = b""
        for number in range(200):
            frame = bytes([number]) * chance.choices([1, 300, 5_000, 40_000], [6, 6, 2, 1])[0]
            if len(said) - len(end.read) + len(frame) > MOST // 2:
                await end.everything(len(said))
            if chance.random() < 0.2:  # An answer of the library's, which knows only the transport.
                end.transport.write(frame)
                end.outlet.judge()
            else:
                end.outlet.send(frame)
            said += frame
            if chance.random() < 0.6:
                end.look(chance.choice([100, 10_000, 1 << 20, 1 << 20]))
            if chance.random() < 0.3:
                await asyncio.sleep(0)
        await end.everything(len(said))
        assert end.read == said


async def test_whoever_catches_up_is_written_to_directly_again() -> None:
    async with narrow() as end:
        assert end.outlet.send.__name__ == "_send_behind"
        end.outlet.send(b"a")
        assert end.outlet.send.__name__ == "_send_now"
        end.outlet.send(b"b" * 300_000)
        slow = [end.outlet.is_slow]
        await end.everything(300_001)
        slow.append(end.outlet.is_slow)
        assert slow == [True, False]
        end.outlet.send(b"c")
        assert end.outlet.send.__name__ == "_send_now"
        await end.everything(300_002)


async def test_too_much_for_one_client_is_the_end_and_nothing_more_is_sent() -> None:
    async with narrow(most=100_000) as end:
        end.outlet.send(b"a")
        end.outlet.send(b"b" * 200_000)
        assert end.closes == [Close.SLOW]
        end.outlet.end()
        end.outlet.send(b"c")
        await end.everything(200_001)
        assert b"c" not in end.read


async def test_a_reader_that_is_gone_is_no_error_and_its_file_is_left_alone() -> None:
    """The number of a closed file is soon another's."""
    async with narrow() as end:
        end.outlet.send(b"a")
        end._far.close()
        for _ in range(3):
            end.outlet.send(b"b")
        await asyncio.sleep(0.05)
        others = [socket.socketpair() for _ in range(8)]
        end.outlet.send(b"c")
        everybody = [one for pair in others for one in pair]
        for one in everybody:
            one.setblocking(False)
            with pytest.raises(BlockingIOError):
                one.recv(1)
        for one in everybody:
            one.close()
