"""Telephone keys between the operator's browser and the caller."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest

from bridge.media.g711 import ulaw_decode
from telephony.twilio.simulator import TwilioSimulator
from tests.harness.handoff import bridge, hears_hold, phone_for, phone_hears
from tests.harness.moving_console import MovingConsole
from tests.harness.peer_console import PeerConsole
from tests.harness.road import Weather
from tests.harness.server import ServerProcess
from tests.harness.tones import share, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR_HZ = 1000.0
SOUND = tone(OPERATOR_HZ, 1.0)


def of_key(frame: bytes, low: float, high: float) -> bool:
    """True where both tones are in this 20 ms, as loud as they should be, and no voice."""
    samples = np.frombuffer(ulaw_decode(frame), np.int16).astype(np.float64) * np.hanning(160)

    def strength(hertz: float) -> float:
        return float(abs(samples @ np.exp(-2j * np.pi * hertz * np.arange(160) / 8000)))

    weaker = min(strength(low), strength(high))
    return weaker > 200_000 and weaker > 2 * strength(OPERATOR_HZ)


def key_frames(phone: TwilioSimulator, low: float, high: float) -> int:
    """How many frames of this key the phone has got."""
    media = [item.payload for item in phone.received if item.event == "media"]
    return sum(of_key(frame, low, high) for frame in media)


async def keys_in_thread(
    console: PeerConsole, call_id: str, speaker: str, count: int
) -> list[dict[str, Any]]:
    """The first `count` messages of this speaker's."""

    def finals() -> list[dict[str, Any]]:
        messages = [t["message"] for t in console.all("transcript") if t["callId"] == call_id]
        return [m for m in messages if m["speaker"] == speaker and m["final"]]

    while len(finals()) < count:
        await console.wait("transcript", len(console.all("transcript")) + 1)
    return finals()


async def test_the_operators_key_is_heard_as_its_tones_and_stands_in_the_thread(
    shared_server: ServerProcess,
) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        assert console.own is not None
        assert console.own.send_key("5")
        found = await keys_in_thread(console, call_id, "human", 1)
        assert [(m["text"], m["name"]) for m in found] == [("5", "sam")]
        await phone.until(lambda: key_frames(phone, 770, 1336) >= 5, within=5)
        assert share(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.7, "and then the voice is back"
        assert key_frames(phone, 770, 1336) in range(5, 16), "100 ms, or until the end was known"
        for key in "7A#":
            assert console.own.send_key(key)
        found = await keys_in_thread(console, call_id, "human", 2)
        assert [m["text"] for m in found] == ["5", "7A#"], "what is typed in one go is one message"
        for low, high in ((852, 1209), (697, 1633), (941, 1477)):
            await phone.until(lambda low=low, high=high: key_frames(phone, low, high) >= 5, within=5)


async def test_each_key_comes_once_by_a_road_that_loses_and_jumbles_packets(
    shared_server: ServerProcess,
) -> None:
    async with (
        AsyncExitStack() as roads,
        MovingConsole(shared_server, roads, idle=SOUND) as console,
        phone_for(shared_server) as phone,
    ):
        console.obeys = False
        await console.open_audio()
        call_id = await bridge(console, phone)
        console.roads[0].towards_server = Weather(loss=0.15, jitter_s=0.030)
        assert console.own is not None
        for key in "1234567890*#":
            assert console.own.send_key(key)
        found = await keys_in_thread(console, call_id, "human", 1)
        assert "".join(m["text"] for m in found) == "1234567890*#"
        await phone_hears(phone, 0.5)
        assert len(await keys_in_thread(console, call_id, "human", 1)) == 1


async def test_the_callers_key_reaches_the_operators_browser(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        phone.speak_pcm(tone(440.0, 10.0))
        for digit in "42":
            await phone.press(digit)
        found = await keys_in_thread(console, call_id, "caller", 1)
        assert [m["text"] for m in found] == ["42"]
        await console.wait_heard(0.5)
        assert console.keys == "42"
        assert share(await console.wait_heard(0.5), 440.0) > 0.7


async def test_keys_beyond_what_the_browser_can_be_sent_are_counted_and_all_stand_in_the_thread(
    shared_server: ServerProcess,
) -> None:
    before = (await shared_server.get("/readyz"))["counts"]["keysDropped"]
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        typed = "ABCD" * 15
        for digit in typed:
            await phone.press(digit)
        found = await keys_in_thread(console, call_id, "caller", 1)
        assert "".join(m["text"] for m in found) == typed
        dropped = (await shared_server.get("/readyz"))["counts"]["keysDropped"] - before
        assert dropped > 0
        while len(console.keys) < len(typed) - dropped:
            await console.wait_heard(0.2)
        assert console.keys[:32] == typed[:32], "what has room comes in order"


async def test_a_caller_on_hold_does_not_hear_the_operators_keys(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        await console.command("hold_call", callId=call_id, on=True)
        await hears_hold(phone, 10)
        assert console.own is not None
        assert console.own.send_key("5")
        await hears_hold(phone, 25)
        await console.command("hold_call", callId=call_id, on=False)
        assert share((await phone_hears(phone, 0.5))[4800:], OPERATOR_HZ) > 0.7
        assert console.own.send_key("6")
        found = await keys_in_thread(console, call_id, "human", 1)
        assert [m["text"] for m in found] == ["6"]
        assert key_frames(phone, 770, 1336) == 0


async def test_typed_keys_are_heard_in_order_and_are_one_message(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        assert await console.command("dtmf", callId=call_id, digits="2*0") == {"ok": True}
        found = await keys_in_thread(console, call_id, "human", 1)
        assert [(m["text"], m["name"]) for m in found] == [("2*0", "sam")]
        for low, high in ((697, 1336), (941, 1209), (941, 1336)):
            await phone.until(lambda low=low, high=high: key_frames(phone, low, high) >= 5, within=5)
        media = [item.payload for item in phone.received if item.event == "media"]
        first = [next(i for i, f in enumerate(media) if of_key(f, *k)) for k in ((697, 1336), (941, 1209))]
        assert first == sorted(first)
        assert share(await phone_hears(phone, 0.5), OPERATOR_HZ) > 0.7, "and then the voice is back"


async def test_typed_keys_are_refused_where_nobody_would_hear_them(shared_server: ServerProcess) -> None:
    async with PeerConsole(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        for digits in (None, "", 5, "12E", "1" * 33, ["1"], "1 2", "\u0661"):
            ack = await console.command("dtmf", callId=call_id, digits=digits)
            assert ack["error"]["code"] == "bad_request", digits
        assert (await console.command("dtmf", callId=call_id, digits="1" * 32))["ok"]
        more = await console.command("dtmf", callId=call_id, digits="22")
        assert more["error"]["code"] == "busy"
        assert (await console.command("hold_call", callId=call_id, on=True))["ok"]
        ack = await console.command("dtmf", callId=call_id, digits="1")
        assert ack["error"]["code"] == "illegal_event"
        assert (await console.command("hangup_call", callId=call_id))["ok"]
        assert (await console.command("dtmf", callId=call_id, digits="1"))["error"]["code"] == "gone"
