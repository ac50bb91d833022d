"""A bridged call on a bad road: both go on hearing each other, without gaps, and no delay is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from bridge.media.g711 import ulaw_decode
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.handoff import bridge, phone_for, phone_hears
from tests.harness.road import Road, Weather
from tests.harness.road_console import RoadConsole
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, share, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
RATE, SLOT = 8000, 160
QUIET_PEAK = 500
"""A 20 ms slot of our tones, whose peak is 8000, is a hole where it is no louder than this."""
CODECS = {"Opus": "audio/opus", "PCMU": "audio/PCMU"}
WEATHERS = {
    "loss": Weather(loss=0.1),
    "bursts": Weather(loss=0.1, burst=2.5),
    "jitter": Weather(jitter_s=0.030),
    "both": Weather(loss=0.1, jitter_s=0.030),
}
STALL_S = 1.0
LOOP_S = 2.0


@dataclass
class Bridged:
    """A call on a road that is fine to begin with, and whose caller sounds a tone all the time."""

    road: Road
    console: RoadConsole
    phone: TwilioSimulator
    call_id: str

    async def listen(self, seconds: float) -> tuple[bytes, bytes]:
        """What the caller and the operator hear from now on."""
        before = len(self.console.heard)
        by_caller = await phone_hears(self.phone, seconds)
        return by_caller, np.concatenate([pcm for _, pcm in self.console.heard[before:]]).tobytes()


def holes(pcm: bytes) -> int:
    """How many 20 ms of a tone are not there."""
    slots = np.frombuffer(pcm, np.int16)[: len(pcm) // 2 // SLOT * SLOT].reshape(-1, SLOT)
    return int((np.abs(slots.astype(np.int32)).max(axis=1) <= QUIET_PEAK).sum())


def chatter() -> bytes:
    """Two seconds like speech, for a loop: 300 ms of noise and 200 ms of silence in turn, s16le at 8 kHz."""
    noise = np.random.default_rng(2).normal(size=int(LOOP_S * RATE)) * 3000
    smooth = np.convolve(noise, np.ones(4) / 2, "same")
    smooth[np.arange(len(smooth)) % (RATE // 2) >= RATE * 3 // 10] = 0
    return smooth.astype(np.int16).tobytes()


def phase(phone: TwilioSimulator) -> float:
    """Seconds by which the chatter in the last two seconds is behind the clock, modulo its length."""
    slots = list(phone.heard)[-int(LOOP_S * RATE) // SLOT :]
    heard = np.frombuffer(ulaw_decode(b"".join(slot.payload for slot in slots)), np.int16)
    said = np.frombuffer(chatter(), np.int16)
    likeness = np.fft.irfft(np.fft.rfft(heard) * np.conj(np.fft.rfft(said)))
    return (slots[0].at + int(np.argmax(likeness)) / RATE) % LOOP_S


@asynccontextmanager
async def bridged(
    server: ServerProcess, idle: bytes, codec: str = "Opus", seed: int = 11
) -> AsyncIterator[Bridged]:
    """A call whose operator says `idle` over and over."""
    async with (
        Road(seed) as road,
        RoadConsole(server, road, idle=idle, codec=CODECS[codec]) as console,
        phone_for(server) as phone,
    ):
        await console.open_audio()
        call_id = await bridge(console, phone)
        phone.speak_pcm(tone(CALLER_HZ, 60.0))
        yield Bridged(road, console, phone, call_id)


@pytest.mark.parametrize("weather", WEATHERS)
@pytest.mark.parametrize("codec", CODECS)
async def test_both_hear_each_other_without_holes(
    shared_server: ServerProcess, codec: str, weather: str
) -> None:
    async with bridged(shared_server, tone(OPERATOR_HZ, 1.0), codec) as call:
        call.road.weather = WEATHERS[weather]
        await call.listen(1.5)  # the buffers learn what kind of road it is
        caller_hears, operator_hears = await call.listen(2.0)
        assert dominance(caller_hears, OPERATOR_HZ) > 0.9
        assert dominance(operator_hears, CALLER_HZ) > 0.9
        assert share(caller_hears, CALLER_HZ) < 0.01
        assert share(operator_hears, OPERATOR_HZ) < 0.01
        # A phone without a buffer of its own misses a slot or two while the depth still grows.
        assert holes(caller_hears) <= 3
        assert holes(operator_hears) <= 1
        assert 95 <= len(operator_hears) / 2 / SLOT <= 105
        assert set(call.road.lost) == (set(call.road.passed) if WEATHERS[weather].loss else set())


@pytest.mark.parametrize("how", ["blocked", "stalled"])
async def test_a_second_without_network_leaves_no_delay_behind(
    shared_server: ServerProcess, how: str
) -> None:
    async with bridged(shared_server, chatter()) as call:
        await phone_hears(call.phone, LOOP_S + 0.5)
        before = phase(call.phone)

        def left_behind() -> float:
            """Share of the stall by which everything is later than it was before."""
            return ((phase(call.phone) - before + LOOP_S / 4) % LOOP_S - LOOP_S / 4) / STALL_S

        setattr(call.road, how, True)
        await phone_hears(call.phone, STALL_S)
        setattr(call.road, how, False)
        await phone_hears(call.phone, LOOP_S + 0.2)
        assert left_behind() < 0.2
        async with asyncio.timeout(30):
            while left_behind() > 0.05:  # the rest goes in the pauses between words
                await phone_hears(call.phone, 0.5)
