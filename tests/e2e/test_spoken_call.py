"""One call from the bot to a human and back, twice, on real speech, looked at from every side."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import socketio

from telephony.twilio.simulator import TwilioSimulator
from tests.alive5_server import Alive5Server
from tests.harness.handoff import hears_hold
from tests.harness.peer_console import PeerConsole
from tests.harness.server import ServerProcess
from tests.harness.voice import room_noise, synthesise

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKS = "I want to speak to a human, please."
HUMAN = "Hello, this is Rosie. How can I help you today?"
CALLER = "I want to change the delivery address of my order."
AGAIN = "Can I talk to a human again, please?"
IDS = {
    "threadId": str(uuid.uuid4()),
    "crmId": str(uuid.uuid4()),
    "channelId": "channel-7",
    "number": "+15550142",
    "name": "Ada Lovelace",
}


@dataclass
class Story:
    """What everybody saw of the call."""

    call_id: str = ""
    offers: list[dict[str, Any]] = field(default_factory=list)
    transcript: list[dict[str, Any]] = field(default_factory=list)
    viewed: list[dict[str, Any]] = field(default_factory=list)
    thread: list[dict[str, Any]] = field(default_factory=list)
    timeline: list[str] = field(default_factory=list)
    view: dict[str, Any] = field(default_factory=dict)
    alive5: Alive5Server = field(default_factory=Alive5Server)

    def said(self, speaker: str) -> list[str]:
        """Texts of one speaker, in order."""
        return [message["text"] for message in self.thread if message["speaker"] == speaker]


async def final(console: PeerConsole, speaker: str, count: int, within: float = 30.0) -> str:
    """Text of that speaker's `count`-th final message, as soon as it has been told.

    A message comes again when alive5 has taken it.
    """

    def finals() -> list[str]:
        messages = [data["message"] for data in console.all("transcript")]
        texts = {m["id"]: m["text"] for m in messages if m["final"] and m["speaker"] == speaker}
        return list(texts.values())

    while len(finals()) < count:
        await console.wait("transcript", len(console.all("transcript")) + 1, within=within)
    return finals()[count - 1]


def said_since_the_caller(console: PeerConsole) -> list[str]:
    """Who has begun to say something since the caller did last, in order of speaking.

    Not in order of being told: the bot's answer may be shown before the words that it answers are written.
    """
    told = [data["message"] for data in console.all("transcript") if data["message"]["text"]]
    begun = sorted({m["id"]: (m["startedAt"], m["speaker"]) for m in told}.values())
    speakers = [speaker for _, speaker in begun]
    return speakers[len(speakers) - speakers[::-1].index("caller") :] if "caller" in speakers else []


async def take(console: PeerConsole, story: Story, phone: TwilioSimulator | None = None) -> None:
    """Accept the newest offer, with `phone` once it has hold audio, and wait until both hear each other."""
    offer = await console.wait("incoming_call", len(story.offers) + 1, within=30)
    story.offers.append(offer)
    if phone is not None:
        # On a slow machine hold audio fills the time before the bot's sentence, too.
        while "bot" not in said_since_the_caller(console):
            await console.wait("transcript", len(console.all("transcript")) + 1, within=30)
        await hears_hold(phone, within=20)
    assert (await console.command("accept_call", callId=offer["callId"]))["ok"]
    await console.wait("call_state", len(story.offers), callId=offer["callId"], state="bridged")


async def bot_has_spoken(phone: TwilioSimulator) -> None:
    """Wait until something is heard, and then for the silence after it."""
    first = phone.slots
    await phone.wait_heard(lambda heard: phone.slots > first and heard[-1].level_db > -40, within=30)
    await phone.wait_quiet(1500, within=60)


async def tell(console: PeerConsole, phone: TwilioSimulator, voice: dict[str, bytes], story: Story) -> None:
    """The call itself."""
    await bot_has_spoken(phone)
    phone.speak_pcm(voice[ASKS])
    await take(console, story, phone)
    story.call_id = story.offers[0]["callId"]
    console.microphone.say(voice[HUMAN])
    await final(console, "human", 1)
    phone.speak_pcm(voice[CALLER])
    await final(console, "caller", 2)
    assert (await console.command("release_call", callId=story.call_id, note="New address noted."))["ok"]
    await bot_has_spoken(phone)
    phone.speak_pcm(voice[AGAIN])
    await take(console, story)
    console.microphone.say(voice[HUMAN])
    await final(console, "human", 2)
    assert (await console.command("hangup_call", callId=story.call_id))["ok"]
    await phone.closed(10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """The call, played once."""
    story, voice = Story(), await synthesise([ASKS, HUMAN, CALLER, AGAIN])
    await story.alive5.start()
    settings = {
        "stt": "whisper",
        "tts": "piper",
        "alive5_url": story.alive5.url,
        "alive5_key": story.alive5.key,
        "alive5_org": "bakery",
    }
    try:
        async with ServerProcess(tmp_path_factory.mktemp("spoken"), **settings) as server:
            await server.ready()
            viewer = socketio.AsyncClient(reconnection=False)

            async def keep(message: dict[str, Any]) -> None:
                story.viewed.append(message)

            viewer.on("message", keep, namespace="/thread")
            await viewer.connect(server.url, namespaces=["/thread"])
            await viewer.call("subscribe", {"threadId": IDS["threadId"]}, namespace="/thread")
            async with (
                PeerConsole(server, idle=room_noise()) as console,
                TwilioSimulator(server.stream_url, parameters=IDS) as phone,
            ):
                await console.open_audio()
                try:
                    await tell(console, phone, voice, story)
                except TimeoutError as error:
                    said = [
                        (d["message"]["speaker"], d["message"]["text"]) for d in console.all("transcript")
                    ]
                    raise AssertionError(f"the call got no further than {said}") from error
                await story.alive5.until(lambda: bool(story.alive5.sent("end_voice_chat")))
                story.transcript = [data["message"] for data in console.all("transcript")]
                story.view = await console.wait("call_state", callId=story.call_id, state="ended")
                story.thread = await server.messages(IDS["threadId"])
                story.timeline = [event for event, _ in await server.timeline(story.call_id)]
            await viewer.disconnect()
        yield story
    finally:
        await story.alive5.stop()


async def test_asking_for_a_person_rings_with_everything_an_operator_needs(story: Story) -> None:
    offer = story.offers[0]
    assert {key: offer[key] for key in ("threadId", "crmId", "channelId")} == {
        key: IDS[key] for key in ("threadId", "crmId", "channelId")
    }
    assert offer["caller"] == {"number": IDS["number"], "name": IDS["name"], "provider": "twilio"}
    assert (offer["queue"], bool(offer["reason"])) == ("front desk", True)
    assert "human" in offer["summary"].lower()
    heard = [(message["speaker"], message["text"]) for message in offer["transcript"]]
    assert [speaker for speaker, _ in heard][:2] == ["bot", "bot"]
    assert any(speaker == "caller" and "human" in text.lower() for speaker, text in heard)


async def test_the_thread_reads_as_one_conversation(story: Story) -> None:
    speakers = [message["speaker"] for message in story.thread]
    assert [message["seq"] for message in story.thread] == [*range(1, len(story.thread) + 1)]
    changes = [who for at, who in enumerate(speakers) if at == 0 or speakers[at - 1] != who]
    # The second time the operator is so quick that the bot's sentence may be cut before its first word.
    order = ["bot", "caller", "bot", "human", "caller", "system", "bot", "caller", "human"]
    assert [*changes[:8], changes[-1]] == order, [
        (message["speaker"], message["text"]) for message in story.thread
    ]
    assert "rosie" in story.said("human")[0].lower()
    assert "address" in story.said("caller")[1].lower()
    assert story.said("system") == ["Note from the operator: New address noted."]
    assert {message["name"] for message in story.thread if message["speaker"] == "human"} == {"sam"}
    assert {message["name"] for message in story.thread if message["speaker"] == "caller"} == {IDS["name"]}


async def test_everything_said_has_a_begin_and_an_end_in_order(story: Story) -> None:
    starts = [message["startedAt"] for message in story.thread]
    assert starts == sorted(starts)
    assert all(message["startedAt"] <= message["endedAt"] for message in story.thread)
    spoken = [message for message in story.thread if message["speaker"] in ("caller", "human")]
    assert all(message["startedAt"] < message["endedAt"] for message in spoken)


async def test_the_bot_greets_once_and_goes_on_where_it_was(story: Story) -> None:
    greetings = [text for text in story.said("bot") if "thank you for calling" in text]
    assert len(greetings) == 1
    assert story.timeline.count("handoff_requested") == story.timeline.count("accepted") == 2
    assert story.timeline.count("bot_resumed") == story.timeline.count("released") == 1
    for event in ("bot_first_audio", "call_started", "call_ended"):
        assert story.timeline.count(event) == 1
    assert (story.view["endReason"], story.view["endedBy"]) == ("operator_hung_up", "operator")


async def test_operators_read_along_while_it_is_said(story: Story) -> None:
    finals = {message["id"] for message in story.transcript if message["final"]}
    partials = [message for message in story.transcript if not message["final"]]
    assert {message["speaker"] for message in partials} >= {"bot", "human", "caller"}
    assert all(message["seq"] == 0 for message in partials)
    assert finals & {message["id"] for message in partials}
    # An empty text takes a partial back, as of a sentence that was cut before its first word.
    last = {message["id"]: message for message in story.transcript}
    assert all(message["final"] for message in last.values() if message["text"])


async def test_a_thread_viewer_sees_the_same(story: Story) -> None:
    finals = [message for message in story.viewed if message["final"]]
    assert [message["seq"] for message in finals] == [message["seq"] for message in story.thread]
    assert [message["text"] for message in finals] == [message["text"] for message in story.thread]
    assert any(not message["final"] for message in story.viewed)


async def test_alive5_gets_the_whole_conversation_with_its_authors(story: Story) -> None:
    posts = story.alive5.sent("post_message")
    spoken = [message for message in story.thread if message["speaker"] != "system"]
    texts = [post["message_content"] for post in posts]
    assert [text for text in texts if text in {m["text"] for m in spoken}] == [m["text"] for m in spoken]
    by_text = {message["text"]: message["speaker"] for message in spoken}
    for post in posts:
        assert (post["thread_id"], post["crm_id"]) == (IDS["threadId"], IDS["crmId"])
        if post["message_content"] in by_text:
            agent_side = by_text[post["message_content"]] != "caller"
            assert bool(post.get("voiceAgentId")) is agent_side, post
    (end,) = story.alive5.sent("end_voice_chat")
    assert (end["end_by"], end["thread_id"], end["org_name"]) == ("human_agent", IDS["threadId"], "bakery")
