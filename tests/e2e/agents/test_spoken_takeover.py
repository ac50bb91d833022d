"""An agent on a streaming line, with real speech both ways."""

from __future__ import annotations

from pathlib import Path

from tests.harness.agent import AgentConsole, said
from tests.harness.handoff import phone_for
from tests.harness.server import ServerProcess
from tests.harness.voice import synthesise

QUESTION = "I want to change the delivery address of my order."
INTERRUPTS = "Stop please, I have a question."
REPLY = (
    "Certainly, I can do that for you. First I need the number of your order, which stands at the top of the "
    "confirmation that we have sent you by mail on the day on which you ordered, and then the new address."
)


async def test_words_reach_the_agent_and_the_reply_is_spoken_and_interrupted(tmp_path: Path) -> None:
    voice = await synthesise([QUESTION, INTERRUPTS])
    async with ServerProcess(tmp_path, stt="whisper", tts="piper") as server:
        await server.ready()
        async with AgentConsole(server) as agent, phone_for(server) as phone:
            session = (await agent.wait("session.started"))["session_id"]
            await phone.wait_heard(lambda heard: bool(heard) and heard[-1].level_db > -40, within=30)
            cuts = sum(arrival.event == "clear" for arrival in phone.received)
            ack = await agent.ask("takeover", session_id=session, partials=True)
            assert ack["ok"]
            # The bot is cut off at once: what the provider still has of it is dropped.
            await phone.until(
                lambda: sum(arrival.event == "clear" for arrival in phone.received) > cuts, within=20
            )
            phone.speak_pcm(voice[QUESTION])
            request = await agent.wait("turn.request", within=60)
            assert "delivery address" in request["transcript"].lower()
            assert any("change" in event["transcript"].lower() for event in agent.all("turn.partial"))
            before = phone.slots
            await agent.reply(request, REPLY)
            await phone.wait_heard(lambda heard: phone.slots > before and heard[-1].level_db > -40, within=30)
            begun = phone.slots
            await phone.until(lambda: phone.slots >= begun + 100, within=20)  # some words of it were heard
            phone.speak_pcm(voice[INTERRUPTS])
            done = await agent.wait("turn.complete", within=60, model="agent")
            assert done["reply"] == REPLY
            message = await said(server, phone, "Certainly")
            assert message["speaker"] == "agent"
            assert message["text"].endswith("…")
            assert "question" in (await agent.wait("turn.request", 2, within=60))["transcript"].lower()
