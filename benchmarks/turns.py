"""How long the bot takes to answer, and to be silent when it is interrupted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.figures import Figure, milliseconds
from benchmarks.parties import Phone
from benchmarks.sound import Piece, voiced
from benchmarks.viewer import ThreadViewer
from telephony.twilio.recording import QUIET_DB
from tests.harness.server import ServerProcess

ORDER = ("I would like some bagels, please.", "Twelve, please.", "Yes, please.")
QUESTIONS = (
    "What are your opening hours?",
    "Where is the shop?",
    "Do you take cards?",
    "How much do they cost?",
    "Could you tell me what time you close on Sunday because I am coming with my whole family?",
)
TEXTS = ORDER + QUESTIONS
_FIRST_QUESTION = "What can I bake for you: bagels, muffins, or cookies?"
_INTERRUPTIONS = 8
_PAUSE_MS = 700
_HEARD_FIRST_S = 0.7


@dataclass(slots=True)
class _Times:
    """Seconds of each turn and interruption."""

    answer_on_wire: list[float] = field(default_factory=list)
    answer_heard: list[float] = field(default_factory=list)
    clear: list[float] = field(default_factory=list)
    still_heard: list[float] = field(default_factory=list)


async def measure(server: ServerProcess, voices: Mapping[str, bytes]) -> list[Figure]:
    """Order at the demo flow's bakery, then ask it questions and cut off every answer with the next."""
    times = _Times()
    dialled = time.monotonic()
    async with Phone(server.stream_url, parameters={"number": "+15550112"}) as phone:
        call = await server.only_call()
        async with ThreadViewer(server, call["threadId"]) as viewer:
            await viewer.bot_said(_FIRST_QUESTION, since=dialled)
        for text in ORDER:
            await phone.wait_quiet(_PAUSE_MS, within=30)
            await _ask(phone, voices[text], times)
        await phone.wait_quiet(_PAUSE_MS, within=30)
        begun = await _ask(phone, voices[QUESTIONS[0]], times)
        for number in range(1, _INTERRUPTIONS + 1):
            heard_enough = begun + _HEARD_FIRST_S
            await phone.until(lambda at=heard_enough: phone.heard[-1].at >= at, 5)  # type: ignore[misc]
            begun = await _interrupt(phone, voices[QUESTIONS[number % len(QUESTIONS)]], times)
    return [
        Figure(
            "End of caller speech → first bot audio",
            milliseconds(times.answer_on_wire),
            1200,
            note="last voiced sample → first media louder than -45 dBFS; the demo flow's sentences are "
            "synthesised at start",
        ),
        Figure(
            "The same, as the caller hears it",
            milliseconds(times.answer_heard),
            note="→ first slot played that is louder than -45 dBFS",
        ),
        Figure(
            "Barge-in: caller begins to speak → provider clear",
            milliseconds(times.clear),
            200,
            note="first voiced sample → clear on the wire",
        ),
        Figure(
            "Barge-in: bot heard beyond the caller's first sound",
            milliseconds(times.still_heard),
            200,
            note="→ end of the last slot played",
        ),
    ]


async def _ask(phone: Phone, pcm: bytes, times: _Times) -> float:
    """Say something and time the answer; returns when the caller hears it begin."""
    return await _answer(phone, await phone.say(pcm), times)


async def _answer(phone: Phone, said: list[Piece], times: _Times) -> float:
    _, ended = voiced(said)
    slot = await phone.wait_sound(ended)
    wire = next(piece.begins for piece in phone.wire_since(ended) if piece.level_db > QUIET_DB)
    times.answer_on_wire.append(wire - ended)
    times.answer_heard.append(slot.at - ended)
    return slot.at


async def _interrupt(phone: Phone, pcm: bytes, times: _Times) -> float:
    """Speak over the bot, time its silence and then its answer; returns when that begins to be heard."""
    spoke = time.monotonic()
    said = await phone.say(pcm)
    began, _ = voiced(said)
    (cleared,) = await phone.wait_since(spoke, "clear", within=3)
    times.clear.append(cleared.at - began)
    last = max(slot.at for slot in phone.heard if slot.buffered and slot.at <= cleared.at)
    times.still_heard.append(last + 0.02 - began)
    return await _answer(phone, said, times)
