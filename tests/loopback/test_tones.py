"""Each party sends its own tone and must hear the other's, and not its own."""

from __future__ import annotations

import pytest

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.handoff import bridge, call_of, hand_off, hears_hold, phone_for, phone_hears
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, share, tone

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALLER_HZ, OPERATOR_HZ = 440.0, 1000.0
SOUND = tone(OPERATOR_HZ, 1.0)


async def assert_both_ways(console: Console, phone: TwilioSimulator) -> None:
    """The caller hears only the operator's tone, the operator only the caller's."""
    phone.speak_pcm(tone(CALLER_HZ, 4.0))
    # The operator's end is aiortc's, whose jitter buffer takes a while to give what was sent first.
    operator_hears = (await console.wait_heard(2.0))[16000:]
    caller_hears = await phone_hears(phone, 1.0)
    assert dominance(operator_hears, CALLER_HZ) > 0.9
    assert share(operator_hears, OPERATOR_HZ) < 0.01
    assert dominance(caller_hears, OPERATOR_HZ) > 0.9
    assert share(caller_hears, CALLER_HZ) < 0.01


async def test_with_a_standby_connection(shared_server: ServerProcess) -> None:
    async with Console(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        await bridge(console, phone)
        await assert_both_ways(console, phone)


async def test_with_a_connection_that_is_opened_after_accepting(shared_server: ServerProcess) -> None:
    async with Console(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        offer = await hand_off(console, phone)
        ack = await console.command("accept_call", callId=offer["callId"])
        assert ack["ok"], ack
        assert ack["call"]["state"] == "connecting"
        await hears_hold(phone)
        await console.open_audio()
        await console.wait("call_state", callId=offer["callId"], state="bridged")
        await assert_both_ways(console, phone)


async def test_with_an_offer_of_mu_law_only(shared_server: ServerProcess) -> None:
    async with (
        Console(shared_server, idle=SOUND, codec="audio/PCMU") as console,
        phone_for(shared_server) as phone,
    ):
        await console.open_audio()
        await bridge(console, phone)
        await assert_both_ways(console, phone)


async def test_after_holding_and_taking_back(shared_server: ServerProcess) -> None:
    async with Console(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        held = await console.command("hold_call", callId=call_id, on=True)
        assert (held["call"]["state"], held["call"]["speaker"]) == ("held", "hold")
        await hears_hold(phone)
        phone.speak_pcm(tone(CALLER_HZ, 1.0))
        came = len(console.heard)
        assert share(await phone_hears(phone, 1.0), OPERATOR_HZ) < 0.01
        assert len(console.heard) - came < 5, "the operator hears nothing while the caller is on hold"
        assert (await console.command("hold_call", callId=call_id, on=False))["call"]["state"] == "bridged"
        await assert_both_ways(console, phone)


async def test_after_a_release_and_a_second_handoff(shared_server: ServerProcess) -> None:
    async with Console(shared_server, idle=SOUND) as console, phone_for(shared_server) as phone:
        await console.open_audio()
        call_id = await bridge(console, phone)
        released = await console.command("release_call", callId=call_id)
        assert (released["call"]["state"], released["call"]["operator"]) == ("bot", None)
        assert await bridge(console, phone) == await call_of(console, phone)
        await assert_both_ways(console, phone)
        names = [event for event, _ in await shared_server.timeline(call_id)]
        assert names.count("first_operator_frame") == names.count("handoff_requested") == 2
