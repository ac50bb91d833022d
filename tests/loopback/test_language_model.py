"""What the flow does not cover goes to the language model, and what that does not cover to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from telephony.twilio.simulator import TwilioSimulator
from tests.harness.console import Console
from tests.harness.llm import ChatServer
from tests.harness.server import ServerProcess
from tests.harness.tones import tone

THREAD = "7b6a1f0e-5f0b-4d53-9d0a-0c6a2c1b9a10"


async def said(console: Console, text: str, within: float = 20.0) -> dict[str, Any]:
    """Wait for a final of this text."""
    while True:
        seen = [e for e in console.all("transcript") if e["message"]["final"]]
        found = [e["message"] for e in seen if text in e["message"]["text"]]
        if found:
            return dict(found[0])
        await console.wait("transcript", len(console.all("transcript")) + 1, within)


async def test_the_model_answers_what_the_flow_does_not_cover(tmp_path: Path) -> None:
    async with (
        ChatServer("We have no such thing, I am afraid.") as llm,
        ServerProcess(tmp_path, llm_url=llm.url, llm_model="tiny") as server,
        Console(server) as console,
        TwilioSimulator(server.stream_url) as phone,
    ):
        await said(console, "What can I bake for you")
        await phone.press("9")
        request = await llm.asked(1)
        answer = await said(console, "We have no such thing")
        assert answer["speaker"] == "bot"
        assert request["model"] == "tiny"
        assert request["messages"][-1] == {"role": "user", "content": "9"}
        assert any("What can I bake for you" in turn["content"] for turn in request["messages"][:-1])


async def test_after_a_release_the_model_knows_the_human_part(tmp_path: Path) -> None:
    async with (
        ChatServer("As Sam told you.") as llm,
        ServerProcess(tmp_path, llm_url=llm.url) as server,
        Console(server, idle=tone(1000.0, 1.0)) as console,
        TwilioSimulator(server.stream_url, parameters={"threadId": THREAD}) as phone,
    ):
        await console.open_audio()
        await said(console, "What can I bake for you")
        call = await server.only_call()
        await server.post(f"/api/calls/{call['callId']}/handoff", {"summary": "s"}, status=202)
        await console.wait("incoming_call")
        await console.command("accept_call", callId=call["callId"])
        await console.wait("call_state", state="bridged")
        assert (await console.command("say", callId=call["callId"], text="It is forty two dollars."))["ok"]
        await said(console, "It is forty two dollars.")
        released = await console.command("release_call", callId=call["callId"], note="wants a refund")
        assert released["call"]["state"] == "bot"
        await said(console, "You are back with the assistant")
        await phone.press("9")
        told = [turn["content"] for turn in (await llm.asked(1))["messages"]]
        assert "(colleague sam) It is forty two dollars." in told
        assert "(note) Note from the operator: wants a refund" in told
        greetings = [m for m in await server.messages(THREAD) if "thank you for calling" in m["text"].lower()]
        assert len(greetings) == 1


@pytest.mark.parametrize("fault", ["slow", "empty", "malformed", "failing"])
async def test_a_model_that_fails_leads_to_the_offer_of_a_person(tmp_path: Path, fault: str) -> None:
    async with (
        ChatServer(None if fault == "slow" else "") as llm,
        ServerProcess(tmp_path, llm_url=llm.url, llm_patience=3) as server,
        Console(server) as console,
        TwilioSimulator(server.stream_url) as phone,
    ):
        if fault == "malformed":
            llm.body = {"choices": "none"}
        if fault == "failing":
            llm.status = 500
        await said(console, "What can I bake for you")
        await phone.press("9")
        if fault == "slow":
            await said(console, "One moment please.")
        await said(console, "Would you like to speak to a person?")
        assert (await server.only_call())["state"] == "bot"


async def test_the_model_s_summary_is_offered_with_the_call(tmp_path: Path) -> None:
    async with (
        ChatServer("The caller wants forty muffins.") as llm,
        ServerProcess(tmp_path, llm_url=llm.url) as server,
        Console(server) as console,
        TwilioSimulator(server.stream_url),
    ):
        await said(console, "What can I bake for you")
        call = await server.only_call()
        await server.post(f"/api/calls/{call['callId']}/handoff", status=202)
        assert (await console.wait("incoming_call"))["summary"] == "The caller wants forty muffins."
