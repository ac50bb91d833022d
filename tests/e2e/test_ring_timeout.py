"""Nobody takes the call in time."""

from __future__ import annotations

import pytest

from tests.harness.console import Console
from tests.harness.handoff import hand_off, hears_hold, hold_count, phone_for, phone_hears
from tests.harness.server import ServerProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"ring_timeout": 1}


async def test_the_bot_goes_on_and_the_thread_says_so(module_server: ServerProcess) -> None:
    async with Console(module_server) as console, phone_for(module_server) as phone:
        offer = await hand_off(console, phone)
        await hears_hold(phone)
        withdrawn = await console.wait("call_withdrawn", callId=offer["callId"], within=5)
        assert withdrawn == {"callId": offer["callId"], "reason": "timed_out"}
        back = await console.wait("call_state", 2, callId=offer["callId"], state="bot")
        assert (back["speaker"], back["operator"]) == ("bot", None)
        await phone_hears(phone, 0.2)
        came = hold_count(phone.received)
        await phone_hears(phone, 0.2)
        assert hold_count(phone.received) == came, "the hold audio has ended"
        late = await console.command("accept_call", callId=offer["callId"])
        assert late["error"]["code"] == "gone"
        await console.wait("transcript", callId=offer["callId"], within=5)
        texts = [(m["speaker"], m["text"]) for m in await module_server.messages(offer["threadId"])]
        assert ("system", "Nobody took the call in time; the bot carries on.") in texts
        assert any(speaker == "bot" and "nobody is free" in text for speaker, text in texts)
        names = [event for event, _ in await module_server.timeline(offer["callId"])]
        assert names.index("incoming_call_sent") < names.index("bot_resumed")


async def test_a_second_handoff_rings_again(module_server: ServerProcess) -> None:
    async with Console(module_server) as console, phone_for(module_server) as phone:
        offer = await hand_off(console, phone)
        await console.wait("call_withdrawn", callId=offer["callId"], within=5)
        again = await hand_off(console, phone)
        assert again["callId"] == offer["callId"]
        assert again["requestedAt"] > offer["requestedAt"]
        assert (await console.command("accept_call", callId=offer["callId"]))["ok"]


async def test_an_operator_who_claims_in_time_is_not_timed_out(module_server: ServerProcess) -> None:
    async with Console(module_server) as console, phone_for(module_server) as phone:
        offer = await hand_off(console, phone)
        assert (await console.command("accept_call", callId=offer["callId"]))["ok"]
        await hears_hold(phone, 75)
        view = await module_server.get(f"/api/calls/{offer['callId']}")
        assert view["state"] == "connecting"
        withdrawn = [data["callId"] for data in console.all("call_withdrawn")]
        assert offer["callId"] not in withdrawn
