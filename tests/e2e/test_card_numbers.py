"""Card numbers that are typed, said and written in a real call are nowhere to be found afterwards."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import socketio

from bridge.thread.digits import runs
from telephony.twilio.simulator import TwilioSimulator
from tests.alive5_server import Alive5Server
from tests.harness.handoff import call_of, hand_off
from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.voice import RATE, room_noise, synthesise

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPED, WRITTEN, NOTED, SAID, IN_GROUPS = (
    "4111111111111111",
    "5555555555554444",
    "378282246310005",
    "371449635398431",
    "6011000990139424",
)
GROUPS = ["six zero one one.", "zero zero zero nine.", "nine zero one three.", "nine four two four."]
ASKS = "I want to speak to a human, please."
ASKED = "What is your credit card number, please?"
AT_ONCE = "It is three seven one four, four nine six three five three, nine eight four three one."
BEFORE = "I want to order a chocolate cake."
SECRET = "The secret word is pineapple, and nobody may know about it."
AFTER = "Please send the cake to my sister on Monday."
IDS = {"threadId": str(uuid.uuid4()), "crmId": "crm", "channelId": "channel", "number": "+15550142"}


@dataclass
class Traces:
    """Where the numbers could be found, and the thread."""

    thread: list[dict[str, Any]] = field(default_factory=list)
    viewed: list[dict[str, Any]] = field(default_factory=list)
    console: list[tuple[str, Any]] = field(default_factory=list)
    logged: str = ""
    stored: bytes = b""
    alive5: Alive5Server = field(default_factory=Alive5Server)

    def said(self, speaker: str) -> list[str]:
        """Texts of one speaker, in order."""
        return [message["text"] for message in self.thread if message["speaker"] == speaker]


async def until_final(console: PeerConsole, speaker: str, pattern: str) -> None:
    """Wait until that speaker has a final message with `pattern` in it."""

    def there() -> bool:
        messages = [data["message"] for data in console.all("transcript")]
        finals = [m["text"] for m in messages if m["final"] and m["speaker"] == speaker]
        return any(re.search(pattern, text, re.IGNORECASE) for text in finals)

    while not there():
        await console.wait("transcript", len(console.all("transcript")) + 1, within=40)


async def until_masked(console: PeerConsole, count: int) -> None:
    """Wait until so many final messages of the caller's have been masked."""

    def masked() -> int:
        messages = [data["message"] for data in console.all("transcript")]
        return len(
            {m["id"] for m in messages if m["final"] and m["speaker"] == "caller" and "•" in m["text"]}
        )

    while masked() < count:
        await console.wait("transcript", len(console.all("transcript")) + 1, within=40)


async def ask_in_a_pause(console: PeerConsole, phone: TwilioSimulator, voice: dict[str, bytes]) -> None:
    """The caller asks the bot for a person while nothing is transcribed, and gets one."""
    call_id = await call_of(console, phone)
    await phone.wait_heard(lambda heard: heard[-1].level_db > -40, within=30)
    await phone.wait_quiet(1500, within=60)
    path = f"/api/calls/{call_id}/pause_transcript"
    assert (await console.server.post(path, {"on": True}))["transcript"] == "paused"
    phone.speak_pcm(voice[ASKS])
    await console.wait("incoming_call", within=40)
    assert (await console.command("accept_call", callId=call_id))["ok"]
    await console.wait("call_state", callId=call_id, state="bridged", within=30)
    released = await console.command("release_call", callId=call_id)
    assert released["call"]["transcript"] == "on"


async def tell(console: PeerConsole, phone: TwilioSimulator, voice: dict[str, bytes]) -> None:
    """The call: the number by keys, at once, in groups, and in what the operator writes; then a pause."""
    await ask_in_a_pause(console, phone, voice)
    offer = await hand_off(console, phone, summary=f"Pays with {WRITTEN}.", reason=f"Card {NOTED} fails.")
    call_id = offer["callId"]
    assert (await console.command("accept_call", callId=call_id))["ok"]
    await console.wait("call_state", 2, callId=call_id, state="bridged", within=30)
    for key in TYPED:
        await phone.press(key)
    await until_masked(console, 1)
    console.microphone.say(voice[ASKED])
    await until_final(console, "human", "card")
    phone.speak_pcm(voice[AT_ONCE])
    await until_masked(console, 2)
    for group in GROUPS:
        phone.speak_pcm(voice[group] + bytes(RATE * 2))
    await until_masked(console, 6)
    assert (await console.command("say", callId=call_id, text=f"So it is {WRITTEN}."))["ok"]
    await until_final(console, "human", "So it is")
    phone.speak_pcm(voice[BEFORE])
    await phone.spoken(20)
    assert (await console.command("pause_transcript", callId=call_id, on=True))["ok"]
    await until_final(console, "caller", "cake")
    phone.speak_pcm(voice[SECRET] + room_noise(0.5))
    console.microphone.say(voice[SECRET])
    await phone.spoken(20)
    assert (await console.command("pause_transcript", callId=call_id, on=False))["ok"]
    phone.speak_pcm(voice[AFTER])
    await until_final(console, "caller", "sister|monday")
    assert (await console.command("release_call", callId=call_id, note=f"Card: {NOTED}"))["ok"]
    await until_final(console, "system", "Note")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def traces(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traces]:
    """The call, played once, and all that is left of it."""
    found, voice = Traces(), await synthesise([ASKS, ASKED, AT_ONCE, *GROUPS, BEFORE, SECRET, AFTER])
    await found.alive5.start()
    folder: Path = tmp_path_factory.mktemp("cards")
    settings = {
        "stt": "whisper",
        "tts": "piper",
        "alive5_url": found.alive5.url,
        "alive5_key": found.alive5.key,
    }
    try:
        async with ServerProcess(folder, **settings) as server:
            await server.ready()
            viewer = socketio.AsyncClient(reconnection=False)

            async def keep(message: dict[str, Any]) -> None:
                found.viewed.append(message)

            viewer.on("message", keep, namespace="/thread")
            await viewer.connect(server.url, namespaces=["/thread"])
            await viewer.call("subscribe", {"threadId": IDS["threadId"]}, namespace="/thread")
            async with (
                PeerConsole(server, idle=room_noise()) as console,
                TwilioSimulator(server.stream_url, parameters=IDS) as phone,
            ):
                await console.open_audio()
                try:
                    await tell(console, phone, voice)
                except TimeoutError as error:
                    seen = [
                        (d["message"]["speaker"], d["message"]["text"]) for d in console.all("transcript")
                    ]
                    raise AssertionError(f"the call got no further than {seen}") from error
                await phone.hang_up()
                await found.alive5.until(lambda: bool(found.alive5.sent("end_voice_chat")))
                found.console = console.events
                found.thread = await server.messages(IDS["threadId"])
            await viewer.disconnect()
            found.stored = b"".join(path.read_bytes() for path in (folder / "data").glob("patchbay.db*"))
        found.logged = "\n".join(server.lines)
        yield found
    finally:
        await found.alive5.stop()


def pieces(number: str) -> list[str]:
    """Ways in which half of `number` or more could be found as it was written or recognised."""
    joined = [number[:8], number[4:12]]
    spaced = [f"{part[:4]}{sep}{part[4:]}" for part in joined for sep in (" ", ", ", "-")]
    return [*joined, *spaced, *(sep.join(part) for part in joined for sep in (" ", ", ", "-"))]


async def test_no_number_is_in_the_database_the_log_or_what_anybody_was_sent(traces: Traces) -> None:
    places = {
        "database": traces.stored.decode("utf-8", "replace"),
        "log": traces.logged,
        "alive5": json.dumps([item.payload for item in traces.alive5.received]),
        "viewer": json.dumps(traces.viewed),
        "console": json.dumps(traces.console),
    }
    assert "Transcription paused by sam." in places["database"], "the file is read with its log"
    for number in (TYPED, WRITTEN, NOTED, SAID, IN_GROUPS):
        for piece in pieces(number):
            assert [name for name, text in places.items() if piece in text] == [], piece


async def test_no_message_shows_more_than_four_digits_of_a_number(traces: Traces) -> None:
    texts = [*(m["text"] for m in traces.thread), *(m["text"] for m in traces.viewed)]
    assert max(len(run.digits) for text in texts for run in runs(text)) <= 4, texts
    caller = traces.said("caller")
    assert caller[0] == "•••••••••••• 1111".replace(" ", ""), "the keys are one message"
    groups = [run.digits for text in caller for run in runs(text)]
    assert sum(map(len, groups)) <= 12, "the last four of three numbers at most"
    assert f"So it is {'•' * 12}4444." in traces.said("human")
    assert f"Note from the operator: Card: {'•' * 11}0005" in traces.said("system")


async def test_the_offer_shows_no_number(traces: Traces) -> None:
    _, offer = [data for name, data in traces.console if name == "incoming_call"]
    assert offer["summary"] == f"Pays with {'•' * 12}4444."
    assert offer["reason"] == f"Card {'•' * 11}0005 fails."


async def test_the_bot_hears_in_a_pause_what_is_not_written(traces: Traces) -> None:
    asked, _ = [data for name, data in traces.console if name == "incoming_call"]
    assert asked["queue"] == "front desk", "the flow has handed over"
    heard = [m["text"] for m in (*traces.thread, *traces.viewed) if m["speaker"] == "caller"]
    assert not [text for text in heard if "human" in text.lower()]
    assert "Transcription paused by a program." in traces.said("system")


async def test_what_was_said_in_the_pause_is_nowhere(traces: Traces) -> None:
    everything = json.dumps([traces.thread, traces.viewed, traces.console]).lower() + traces.logged.lower()
    assert "pineapple" not in everything
    assert b"pineapple" not in traces.stored.lower()
    texts = [text.lower() for text in traces.said("caller")]
    assert any("cake" in text for text in texts), "what was said before it stands there"
    assert any("sister" in text or "monday" in text for text in texts), "and so does what came after it"
