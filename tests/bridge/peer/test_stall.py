"""When the process itself was away for a moment, what came meanwhile is played and not concealed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import uvloop

from bridge.media.frame import Frame
from bridge.media.rtp import RtpPacket, serialise_rtp
from bridge.peer.receiver import Receiver
from bridge.peer.sdp import AudioCodec

PCMU = AudioCodec("PCMU", 0, 8000)
BEFORE, MEANWHILE = 3, 4


class Inbox(asyncio.DatagramProtocol):
    """Hands datagrams to a receiver as the event loop reads them."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._receiver.take(data)


class Busy(asyncio.DatagramProtocol):
    """Whatever else the loop reads: takes long over it, while `packets` reach another socket."""

    def __init__(self, packets: list[bytes], inbox: asyncio.DatagramTransport) -> None:
        self._packets, self._inbox = packets, inbox

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        for packet in self._packets:
            self._inbox.sendto(packet, self._inbox.get_extra_info("sockname"))
        # Long enough for the next packet to be overdue, however soon it may have been played.
        time.sleep(0.150)


async def stalled() -> tuple[Receiver, list[Frame]]:
    """What becomes of packets that reach the socket while the event loop does something else."""
    frames: list[Frame] = []
    all_played = asyncio.Event()

    def play(frame: Frame) -> None:
        frames.append(frame)
        if len(frames) >= BEFORE + MEANWHILE:
            all_played.set()

    receiver = Receiver((PCMU,), play, rate=8000)
    packets = [
        serialise_rtp(RtpPacket(0, number, number * 160, 5, bytes([number]) * 160))
        for number in range(BEFORE + MEANWHILE)
    ]
    loop, here = asyncio.get_running_loop(), ("127.0.0.1", 0)
    inbox, _ = await loop.create_datagram_endpoint(lambda: Inbox(receiver), local_addr=here)
    busy, _ = await loop.create_datagram_endpoint(lambda: Busy(packets[BEFORE:], inbox), local_addr=here)
    for packet in packets[:BEFORE]:
        receiver.take(packet)
    busy.sendto(b"work", busy.get_extra_info("sockname"))
    await asyncio.wait_for(all_played.wait(), 10)
    receiver.close()
    inbox.close()
    busy.close()
    return receiver, frames


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_nothing_is_concealed_that_waited_in_the_socket(loop: Any) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        receiver, frames = runner.run(stalled())
    assert receiver.concealed == 0
    assert [frame.payload[0] for frame in frames] == list(range(BEFORE + MEANWHILE))
