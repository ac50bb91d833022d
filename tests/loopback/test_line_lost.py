"""A provider's stream that breaks off: the call waits for the next one, and then ends by itself."""

from __future__ import annotations

from pathlib import Path

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, tone


async def test_a_bridged_call_carries_on_on_the_next_stream_of_the_same_phone_call(
    server: ServerProcess,
) -> None:
    async with Console(server, idle=tone(1000.0, 1.0)) as console:
        await console.open_audio()
        async with TwilioSimulator(server.stream_url) as first:
            call = await console.wait("call_state", state="bot")
            await server.post(f"/api/calls/{call['callId']}/handoff", status=202)
            await console.wait("incoming_call")
            await console.command("accept_call", callId=call["callId"])
            await console.wait("call_state", state="bridged")
            await first.drop()
        async with TwilioSimulator(server.stream_url, call_sid=first.call_sid) as second:
            second.speak_pcm(tone(440.0, 5.0))
            await second.until(lambda: second.slots >= 60, 10)
            assert (await server.only_call())["callId"] == call["callId"]
            assert dominance((await console.wait_heard(1.5))[8000:], 440.0) > 0.9
            assert any(slot.level_db > -20 for slot in list(second.heard)[-20:])


async def test_a_call_whose_stream_does_not_come_back_ends(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path) as server, Console(server) as console:
        async with TwilioSimulator(server.stream_url) as phone:
            call = await console.wait("call_state", state="bot")
            await phone.drop()
        ended = await console.wait("call_state", state="ended")
        assert (ended["callId"], ended["endReason"], ended["endedBy"]) == (
            call["callId"],
            "line_lost",
            "provider",
        )
