"""Our peer and stock aiortc, and packets that only browsers send."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.stats import RTCRemoteInboundRtpStreamStats

from bridge.media.frame import Frame
from bridge.media.g711 import ulaw_encode
from bridge.peer.peer import Peer
from bridge.ports import Codec
from tests.harness.console import Microphone
from tests.harness.road import Road, Weather
from tests.harness.tones import share, tone

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
_DEADLINE = 20


class Stock:
    """A stock aiortc connection with a tone for a microphone; keeps what it hears, at 8 kHz."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection()
        self.connection.addTrack(Microphone(tone(OPERATOR_HZ, 1.0)))
        self.heard: list[np.ndarray] = []
        self._listening: list[asyncio.Task[None]] = []
        self.connection.on(
            "track", lambda track: self._listening.append(asyncio.create_task(self._pull(track)))
        )

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def remote_inbound(self) -> RTCRemoteInboundRtpStreamStats | None:
        """What the other side has reported of our packets."""
        stats = await self.connection.getSenders()[0].getStats()
        return next((s for s in stats.values() if isinstance(s, RTCRemoteInboundRtpStreamStats)), None)

    async def close(self) -> None:
        await self.connection.close()
        for task in self._listening:
            await task

    async def _pull(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            samples = frame.to_ndarray().reshape(-1, 2 if frame.layout.name == "stereo" else 1)
            self.heard.append(samples[:: frame.sample_rate // 8000, 0].astype(np.int16))


class Ours:
    """Our peer; keeps what it hears."""

    def __init__(self, prefer: str = "opus", *, controlling: bool = False) -> None:
        self.heard: list[Frame] = []
        self.changed = asyncio.Event()
        self.peer = Peer(
            on_frame=self._hear, on_state=lambda state: self._wake(), prefer=prefer, controlling=controlling
        )

    async def until(self, check: Callable[[], bool]) -> None:
        """Wait until `check` holds; it is asked at each frame and change of state."""
        async with asyncio.timeout(_DEADLINE):
            while not check():
                self.changed.clear()
                await self.changed.wait()

    async def hear(self, frames: int) -> list[Frame]:
        """The next frames."""
        before = len(self.heard)
        await self.until(lambda: len(self.heard) >= before + frames)
        return self.heard[before:]

    def _hear(self, frame: Frame) -> None:
        self.heard.append(frame)
        self._wake()

    def _wake(self) -> None:
        self.changed.set()


@asynccontextmanager
async def met(prefer: str, road: Road | None = None) -> AsyncIterator[tuple[Ours, Stock]]:
    """Both, connected."""
    ours, stock = Ours(prefer), Stock()
    try:
        offer = await stock.offer()
        answer = await ours.peer.answer(road.offer(offer) if road else offer)
        await stock.accept(road.answer(answer) if road else answer)
        await ours.until(lambda: ours.peer.state == "connected")
        yield ours, stock
    finally:
        await ours.peer.close()
        await stock.close()


async def speak(ours: Ours, frames: int) -> None:
    """Send the caller's tone for as long as that many frames come from the other side."""
    pcm = tone(CALLER_HZ, 1.0)
    for number in range(frames):
        await ours.hear(1)
        at = number % 50 * 320
        ours.peer.send(Frame.of_pcm(pcm[at : at + 320], Codec.PCMU))


@pytest.mark.parametrize(
    ("prefer", "codec"), [("PCMU", Codec.PCMU), ("PCMA", Codec.PCMA), ("opus", Codec.L16_8K)]
)
async def test_stock_aiortc_sends_what_the_answer_names_first(prefer: str, codec: Codec) -> None:
    async with met(prefer) as (ours, stock):
        frames = await ours.hear(50)
        assert sum(frame.codec is codec for frame in frames) > 40, "but for what had to be concealed"
        assert share(b"".join(frame.pcm for frame in frames[10:]), OPERATOR_HZ) > 0.9
        await speak(ours, 50)
        assert share(np.concatenate(stock.heard[10:]), CALLER_HZ) > 0.9


async def test_stock_aiortc_plays_on_while_we_change_our_codec() -> None:
    async with met("PCMU") as (ours, stock):
        for codec in ("opus", "PCMU", "opus", "PCMA", "PCMU"):
            await speak(ours, 40)
            assert ours.peer.send_as(codec)
        await speak(ours, 40)
        heard = np.concatenate(stock.heard)
        assert len(heard) >= 160 * 200
        assert share(heard[3200:], CALLER_HZ) > 0.9
        loudest = np.abs(heard[3200 : len(heard) // 160 * 160].reshape(-1, 160).astype(int)).max(axis=1)
        assert loudest.min() > 2000, "nothing of it is missing"
        assert not ours.peer.send_as("G722")


async def test_the_figures_that_we_report_are_those_of_the_road() -> None:
    weather = Weather(loss=0.2, jitter_s=0.020, delay_s=0.030)
    async with Road(3) as road, met("PCMU", road) as (ours, stock):
        await speak(ours, 20)
        road.weather = weather
        await speak(ours, 250)
        report = await stock.remote_inbound()
        assert report is not None
        assert 0.05 < report.fractionLost / 256 < 0.45
        assert 0.5 < report.packetsLost / road.lost["towards_server"] <= 1.0
        assert 2.0 < report.jitter / 8 < 20.0, "in units of 1/8 ms"
        assert report.roundTripTime > 0.06
        quality = ours.peer.quality
        assert quality.rtt_ms is not None
        assert quality.rtt_ms > 60
        assert 2.0 < quality.jitter_ms < 20.0
        assert 5 < quality.loss_pct < 45
        assert 5 < quality.lost_there_pct < 45


@asynccontextmanager
async def pair(prefer: str) -> AsyncIterator[tuple[Ours, Ours]]:
    """A peer of ours and one that plays the browser, connected."""
    server, browser = Ours(prefer), Ours(controlling=True)
    try:
        browser.peer.accept(await server.peer.answer(await browser.peer.offer()))
        await server.until(lambda: server.peer.state == "connected")
        await browser.until(lambda: browser.peer.state == "connected")
        yield server, browser
    finally:
        await browser.peer.close()
        await server.peer.close()


def dressed(number: int, at: int, payload: bytes, *, sources: int, extensions: bytes, padding: int) -> bytes:
    """An RTP packet with everything that the header can carry."""
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extensions else 0) | sources
    head = struct.pack("!BBHII", first, 0, number, at * 160, 77) + b"".join(
        struct.pack("!I", source) for source in range(sources)
    )
    if extensions:
        padded = extensions + bytes(-len(extensions) % 4)
        head += struct.pack("!HH", 0x1000 if extensions[0] > 15 else 0xBEDE, len(padded) // 4) + padded
    return head + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


async def test_sources_extensions_and_padding_are_taken_off_and_padding_alone_is_no_gap() -> None:
    async with pair("PCMU") as (server, browser):
        sound = ulaw_encode(tone(OPERATOR_HZ, 1.0))
        pace, transport = Microphone(), browser.peer._transport
        for at in range(50):
            await pace.recv()
            packet = dressed(
                at + at // 4,
                at,
                sound[at * 160 : (at + 1) * 160],
                sources=at % 16,
                extensions=(b"\x10\x8f\x22\x00\x01\x02", b"\x51\x02ab", b"")[at % 3],
                padding=(0, 3, 255)[at % 3],
            )
            assert transport.send_rtp(packet)
            if at % 4 == 3:
                assert transport.send_rtp(
                    dressed(at + at // 4 + 1, at, b"", sources=0, extensions=b"", padding=200)
                )
        await server.until(lambda: len(server.heard) >= 50)
        came = [frame.payload for frame in server.heard if frame.codec is Codec.PCMU]
        sent = [sound[at * 160 : (at + 1) * 160] for at in range(50)]
        assert len(came) > 40, "all but what had to be concealed because this machine was late"
        assert set(came) <= set(sent)
        assert share(b"".join(frame.pcm for frame in server.heard), OPERATOR_HZ) > 0.9
