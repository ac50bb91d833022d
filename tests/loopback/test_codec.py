"""Which codec the operator's audio has in a call, and what is heard while it changes."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bridge.call.hold import hold_frames
from bridge.media.g711 import ulaw_decode
from bridge.ports import Codec
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.handoff import HOLD, bridge, hears_hold, phone_for, phone_hears
from tests.harness.moving_console import MovingConsole
from tests.harness.offers import CHROMIUM
from tests.harness.peer_console import PeerConsole
from tests.harness.road import Weather
from tests.harness.server import ServerProcess
from tests.harness.tones import share, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR_HZ = 1000.0
SOUND = tone(OPERATOR_HZ, 1.0)


def first_codec(answer: str) -> str:
    """Payload type that an answer names first."""
    line = next(line for line in answer.splitlines() if line.startswith("m=audio"))
    return line.split()[3]


def arrivals(phone: TwilioSimulator) -> list[bytes]:
    """Every frame that the phone has got so far."""
    return [item.payload for item in phone.received if item.event == "media"]


def silent(frames: list[bytes]) -> int:
    """How many of these are no tone."""
    return sum(np.abs(np.frombuffer(ulaw_decode(f), np.int16).astype(int)).max() < 2000 for f in frames)


def gaps(phone: TwilioSimulator, since: float, at: float) -> tuple[float, float]:
    """The longest time between two frames in the second after `at`, and elsewhere since `since`, in s."""
    times = [item.at for item in phone.received if item.event == "media" and item.at >= since]
    found = [(later, later - sooner) for sooner, later in pairwise(times)]
    near = [gap for later, gap in found if at <= later <= at + 1.0]
    return max(near), max(gap for later, gap in found if not at <= later <= at + 1.0)


@pytest.mark.parametrize(("setting", "number"), [("auto", "0"), ("opus", "111"), ("pcma", "8")])
async def test_the_answer_names_first_what_the_setting_says(
    tmp_path: Path, setting: str, number: str
) -> None:
    async with ServerProcess(tmp_path, operator_codec=setting) as server, PeerConsole(server) as console:
        ack = await console.command("offer", sdp=CHROMIUM)
        assert first_codec(ack["sdp"]) == number
        assert "a=rtpmap:111 opus/48000/2" in ack["sdp"]
        assert "a=rtpmap:0 PCMU/8000" in ack["sdp"]


async def test_loss_changes_the_codec_and_the_caller_hears_no_gap(tmp_path: Path) -> None:
    """Lost is only what goes to the operator, so that every gap the caller hears is the renewal's."""
    async with (
        ServerProcess(tmp_path) as server,  # one that has not seen this operator's link yet
        AsyncExitStack() as roads,
        MovingConsole(server, roads, idle=SOUND) as console,
        phone_for(server) as phone,
    ):
        await console.open_audio()
        assert first_codec(console.answers[0]) == "0"
        call_id = await bridge(console, phone)
        phone.speak_pcm(tone(440.0, 60.0))
        console.towards_client = console.roads[0].towards_client = Weather(loss=0.08)
        before, slots, since = len(arrivals(phone)), phone.slots, time.monotonic()
        asked = await console.wait("renegotiate", within=20)
        renewed = time.monotonic()
        assert asked == {"reason": "codec", "codec": "opus"}
        await phone_hears(phone, 2.0)
        assert [first_codec(answer) for answer in console.answers] == ["0", "111"]
        came = arrivals(phone)[before:]
        assert silent(came) == 0
        # On a busy machine this process, which plays the operator too, is kept from sending now and then:
        # the renewal's own gaps are held against those of the rest.
        assert len(came) >= 0.9 * (phone.slots - slots), "a frame for nearly every slot"
        around, rest = gaps(phone, since, renewed)
        assert around <= rest + 0.1
        assert share(b"".join(ulaw_decode(frame) for frame in came), OPERATOR_HZ) > 0.95
        assert share(await console.wait_heard(0.5), 440.0) > 0.7
        assert len(console.all("renegotiate")) == 1, "once is enough"
        assert console.all("call_state")[-1]["state"] == "bridged"
        assert call_id == console.all("quality")[-1]["callId"]


async def test_an_operator_whose_link_was_bad_begins_with_opus_the_next_time(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path) as server, AsyncExitStack() as roads:
        async with MovingConsole(server, roads, idle=SOUND) as console:
            await console.open_audio()
            console.roads[0].towards_server = Weather(loss=0.08)
            await console.wait("renegotiate", within=20)
        async with MovingConsole(server, roads, idle=SOUND) as again:
            await again.open_audio()
            assert first_codec(again.answers[0]) == "111"


async def test_a_console_that_does_not_care_loses_nothing(tmp_path: Path) -> None:
    async with (
        ServerProcess(tmp_path) as server,
        AsyncExitStack() as roads,
        MovingConsole(server, roads, idle=SOUND) as console,
        phone_for(server) as phone,
    ):
        console.obeys = False
        await console.open_audio()
        await bridge(console, phone)
        phone.speak_pcm(tone(440.0, 60.0))
        console.roads[0].weather = Weather(loss=0.08)
        await console.wait("renegotiate", within=20)
        assert share(await phone_hears(phone, 1.0), OPERATOR_HZ) > 0.7
        assert share(await console.wait_heard(1.0), 440.0) > 0.7
        assert len(console.answers) == 1


async def test_hold_audio_goes_on_evenly_while_the_connection_is_renewed(
    shared_server: ServerProcess,
) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await console.command("hold_call", callId=call_id, on=True)
        await hears_hold(phone, 10)
        before = len(arrivals(phone))
        await console.open_audio()
        await hears_hold(phone, 50)
        came = arrivals(phone)[before:]
        assert set(came) <= HOLD
        loop = hold_frames(Codec.PCMU)
        at = next(n for n in range(len(loop)) if list(loop[n : n + 5]) == came[:5])
        assert came == [loop[(at + n) % len(loop)] for n in range(len(came))]
        assert console.all("call_state")[-1]["state"] == "held"
