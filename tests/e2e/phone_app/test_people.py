"""A person and a caller on a phone that fetches whole replies talk turn by turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests.harness.peer_console import PeerConsole
from tests.harness.phone_app import UTTERANCE_RATE, SimulatedPhone
from tests.harness.server import ServerProcess
from tests.harness.tones import dominance, pulsing
from tests.harness.voice import RATE, room_noise, synthesise

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENTENCE = "Hello, this is Sam. How can I help you today?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def voice() -> bytes:
    return (await synthesise([SENTENCE]))[SENTENCE]


@pytest_asyncio.fixture(loop_scope="module")
async def console(tmp_path: Path) -> AsyncIterator[PeerConsole]:
    async with (
        ServerProcess(tmp_path, ring_timeout=30) as server,
        PeerConsole(server, idle=room_noise()) as console,
    ):
        await console.open_audio()
        yield console


def loudest(pcm: bytes) -> float:
    tenths = np.frombuffer(pcm, np.int16).astype(float)
    tenths = tenths[: len(tenths) - len(tenths) % 800].reshape(-1, 800)
    return float(np.sqrt((tenths**2).mean(axis=1)).max())


async def test_a_caller_asks_for_a_person_and_speaks_with_them(console: PeerConsole, voice: bytes) -> None:
    async with SimulatedPhone(console.server.url) as phone:
        await phone.greet()
        fetched = await phone.say(text="I want to speak to a person")
        assert "get somebody for you" in fetched.reply
        offer = await console.wait("incoming_call", callId=phone.session_id)
        assert offer["caller"]["provider"] == "clawfinger"
        ack = await console.command("accept_call", callId=phone.session_id)
        assert ack["ok"], ack
        await console.wait("call_state", callId=phone.session_id, state="bridged", within=20)

        console.microphone.say(voice)
        begin = len(console.heard)
        utterance = pulsing(600, 2.0, rate=UTTERANCE_RATE)
        turn = await phone.say(utterance)
        assert turn.reply == "sam"
        assert turn.played is not None
        assert loudest(turn.played) > 800
        heard = np.concatenate([samples for _, samples in console.heard[begin:]])
        tone = np.flatnonzero(np.abs(heard) > 2000)
        assert 1.2 * RATE < tone[-1] - tone[0] < 3.0 * RATE
        assert dominance(heard[tone[0] : tone[-1]], 600) > 0.5

        said = await phone.say(text="My order is wrong")
        assert said.reply in ("", "sam")
        await console.command("hangup_call", callId=phone.session_id)
        last = await phone.say(text="hello?")
        assert last.body["hangup"] is True
        assert last.body["reason"] == "operator_hung_up"
        view = await console.server.get(f"/api/calls/{phone.session_id}")
        spoken = [(m["speaker"], m["text"]) for m in await console.server.messages(view["threadId"])]
        assert ("caller", "My order is wrong") in spoken


async def test_who_waits_for_a_person_is_told_so_and_heard_by_the_next_one(console: PeerConsole) -> None:
    async with SimulatedPhone(console.server.url) as phone:
        await phone.greet()
        await phone.say(text="I want to speak to a person")
        await console.wait("incoming_call", callId=phone.session_id)
        waiting = await phone.say(text="Is anybody there?")
        assert waiting.reply == "One moment please."
        await console.command("accept_call", callId=phone.session_id)
        await console.wait("call_state", callId=phone.session_id, state="bridged", within=20)
        await console.command("say", callId=phone.session_id, text="I am Sam.")
        assert (await phone.say(text="hello")).reply == "I am Sam."
        await console.command("release_call", callId=phone.session_id)
        await console.wait("call_state", callId=phone.session_id, speaker="bot", count=1)
        assert (await phone.say(text="bagels")).reply
        view = await console.server.get(f"/api/calls/{phone.session_id}")
        spoken = [(m["speaker"], m["text"]) for m in await console.server.messages(view["threadId"])]
        assert ("caller", "Is anybody there?") in spoken
        assert ("human", "I am Sam.") in spoken
