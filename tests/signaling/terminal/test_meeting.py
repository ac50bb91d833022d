"""The terminal's phone and the terminal's operator, on one call."""

from __future__ import annotations

import asyncio
import signal
import wave
from collections.abc import Sequence
from pathlib import Path

from bridge.media.g711 import ulaw_decode
from telephony.twilio.playout import Slot
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, tone
from tests.signaling.terminal.program import Start

SIGN_IN = ("--user", "sam", "--password", "sam-secret")


async def handed_off(server: ServerProcess) -> str:
    """Wait for the one call and ask for a person; the call's id."""
    async with asyncio.timeout(30):
        while True:
            calls = await server.get("/api/calls")
            if calls:
                break
            await asyncio.sleep(0.05)
    await server.post(f"/api/calls/{calls[0]['callId']}/handoff", status=202)
    return str(calls[0]["callId"])


async def heard_tone(phone: TwilioSimulator, hertz: float) -> float:
    """How much of the next loud 300 ms on the phone is at `hertz`."""

    def loud(heard: Sequence[Slot]) -> bool:
        latest = list(heard)[-15:]
        return len(latest) == 15 and all(slot.level_db > -30 for slot in latest)

    await phone.wait_heard(loud, 10)
    return dominance(ulaw_decode(b"".join(slot.payload for slot in list(phone.heard)[-15:])), hertz)


async def test_what_the_operator_says_is_heard_and_read_on_the_phone(
    patchbay: Start, server: ServerProcess
) -> None:
    operator = await patchbay(
        *("operator", *SIGN_IN, "--url", server.url, "--once", "--hangup"),
        *("--say", "Good morning, this is the front desk speaking."),
    )
    caller = await patchbay("call", "--url", server.url, "--name", "Ann", "--say", "Where is my order?")
    await operator.until("on standby")
    await handed_off(server)

    assert await caller.end() == 0, caller.output
    assert await operator.end() == 0, operator.output
    heard = [line.lower() for line in caller.output.splitlines() if "  heard  " in line]
    assert any("front desk" in line for line in heard), caller.output
    assert "The operator hung up after" in caller.output
    assert "The call has ended." in operator.output


async def test_an_operator_at_a_terminal_is_asked_and_obeyed(patchbay: Start, server: ServerProcess) -> None:
    operator = await patchbay("operator", *SIGN_IN, "--url", server.url, terminal=True)
    await operator.until("on standby")
    async with TwilioSimulator(server.stream_url, parameters={"name": "Ann"}):
        call_id = await handed_off(server)
        await operator.until("Take the call?")
        operator.type("y\r")
        await operator.until("You are connected")
        operator.type("hold\r")
        await operator.until("The caller hears hold audio")
        assert (await server.get(f"/api/calls/{call_id}"))["state"] == "held"
        operator.type("unhold\r")
        await operator.until("You are connected", count=2)
        operator.type("nonsense\r")
        await operator.until("bot TEXT")
        operator.type("release\r")
        await operator.until("The caller is back with the bot.")
        assert (await server.get(f"/api/calls/{call_id}"))["state"] == "bot"
    operator.process.send_signal(signal.SIGINT)
    assert await operator.end() == 130
    assert "Signed off." in operator.output


async def test_an_operator_plays_a_file_echoes_the_caller_and_gives_the_call_back(
    patchbay: Start, server: ServerProcess, tmp_path: Path
) -> None:
    write_beep(tmp_path / "beep.wav")
    operator = await patchbay(
        *("operator", *SIGN_IN, "--url", server.url, "--once", "--release", "--echo", "--wav", "beep.wav")
    )
    await operator.until("on standby")
    async with TwilioSimulator(server.stream_url) as phone:
        await handed_off(server)
        await operator.until("You are connected")
        assert await heard_tone(phone, 440.0) > 0.9
        await phone.wait_quiet(200, within=10)
        phone.speak_pcm(tone(1000.0, 0.5))
        assert await heard_tone(phone, 1000.0) > 0.9
        assert await operator.end() == 0, operator.output
    assert "The caller is back with the bot." in operator.output


async def test_ctrl_c_hangs_up(patchbay: Start, server: ServerProcess) -> None:
    caller = await patchbay("call", "--url", server.url, "--say", "Hello.")
    call_id = await handed_off(server)
    await caller.until("hold audio")

    caller.process.send_signal(signal.SIGINT)

    assert await caller.end() == 130
    assert caller.output.rstrip().endswith("You hung up.")
    assert (await server.get(f"/api/calls/{call_id}"))["endReason"] == "caller_hung_up"


def write_beep(path: Path) -> None:
    """A second of 440 Hz at 44.1 kHz, stereo."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        mono = tone(440.0, 1.0, rate=44100)
        file.writeframes(b"".join(mono[at : at + 2] * 2 for at in range(0, len(mono), 2)))
