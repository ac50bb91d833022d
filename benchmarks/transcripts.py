"""How soon what people say to each other stands in the thread, while they are bridged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from benchmarks.figures import Figure, milliseconds
from benchmarks.parties import AiortcOperator, Phone
from benchmarks.sound import Piece, voiced
from benchmarks.viewer import Message, ThreadViewer
from benchmarks.voice import room_noise
from tests.harness.server import ServerProcess

CALLER = (
    "I ordered a birthday cake for my daughter last week.",
    "It should have been delivered this morning.",
    "The number on the receipt is four seven two nine.",
    "We need it before the party starts at three.",
    "That would be wonderful.",
)
OPERATOR = (
    "Let me look that up for you.",
    "I can see that the driver left half an hour ago.",
    "He should be with you in about twenty minutes.",
    "I will call him to make sure of it.",
    "Is there anything else that you would like to know?",
)
TYPED = (
    "Your driver is on the corner of Station Road.",
    "He will ring the bell in five minutes.",
    "There is a small present for you in the box.",
    "We wish your daughter a happy birthday.",
)
TEXTS = CALLER + OPERATOR
_SLACK_S = 0.4
"""A final that ends this much before the last voiced sample is still that utterance's end."""


async def measure(server: ServerProcess, voices: Mapping[str, bytes]) -> list[Figure]:
    """Bridge a call, and let both speak: in turns, then both at once; then let the operator type."""
    async with (
        AiortcOperator(server, idle=room_noise()) as operator,
        Phone(server.stream_url, parameters={"number": "+15550113"}) as phone,
    ):
        await operator.open_audio()
        await operator.wait("call_state", state="bot")
        call = await server.only_call()
        await server.post(f"/api/calls/{call['callId']}/handoff", {"reason": "benchmark"}, status=202)
        await operator.wait("incoming_call")
        assert (await operator.command("accept_call", callId=call["callId"]))["ok"]
        await operator.wait("call_state", state="bridged")
        async with ThreadViewer(server, call["threadId"]) as viewer:
            caller, human, both = await _converse(phone, operator, viewer, voices)
        typed = [await _type(operator, phone, call["callId"], text) for text in TYPED]
    note = "tiny.en; last voiced sample → final message at a thread viewer"
    return [
        Figure("Caller stops → final transcript in the thread", milliseconds(caller), 1500, note=note),
        Figure("Operator stops → final transcript in the thread", milliseconds(human), 1500, note=note),
        Figure(
            "Either stops, both speaking at once → final",
            milliseconds(both),
            1500,
            note="a message waits for that of whoever began to speak earlier",
        ),
        Figure(
            "Operator's typed sentence → first audio",
            milliseconds(typed),
            note="`say` with a text never spoken before → first slot that the caller hears",
        ),
    ]


async def _converse(
    phone: Phone, operator: AiortcOperator, viewer: ThreadViewer, voices: Mapping[str, bytes]
) -> tuple[list[float], list[float], list[float]]:
    """Seconds to each final: the caller's, the operator's, and those of both at once."""
    caller: list[float] = []
    human: list[float] = []
    both: list[float] = []
    for question, answer in zip(CALLER, OPERATOR, strict=True):
        caller.append(await _finality(viewer, "caller", await phone.say(voices[question])))
        human.append(await _finality(viewer, "human", await operator.stamped.utter(voices[answer])))
    for question, answer in zip(CALLER[:3], OPERATOR[:3], strict=True):
        spoken = await asyncio.gather(phone.say(voices[question]), operator.stamped.utter(voices[answer]))
        both += await asyncio.gather(
            _finality(viewer, "caller", spoken[0]), _finality(viewer, "human", spoken[1])
        )
    return caller, human, both


async def _finality(viewer: ThreadViewer, speaker: str, said: Sequence[Piece]) -> float:
    """Seconds from the end of what was `said` until its final text came."""
    began, ended = voiced(said)
    earliest = time.time() - (time.monotonic() - ended) - _SLACK_S

    def fits(message: Message) -> bool:
        last = datetime.fromisoformat(message["endedAt"]).timestamp()
        return bool(message["final"]) and message["speaker"] == speaker and last >= earliest

    at, _ = await viewer.wait(fits, since=began)
    return at - ended


async def _type(operator: AiortcOperator, phone: Phone, call_id: str, text: str) -> float:
    """Seconds until the caller hears the beginning of what the operator typed."""
    # A sentence ends in some silence of its own, during which the next one would be refused.
    await phone.wait_quiet(1200, within=20)
    sent = time.monotonic()
    assert (await operator.command("say", callId=call_id, text=text))["ok"]
    slot = await phone.wait_sound(sent)
    return slot.at - sent
