"""Whether the thread has of the words of the bot what the caller heard, to the end and where it was cut."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from benchmarks.figures import Figure
from benchmarks.parties import Phone
from benchmarks.thread.scoring import Score, canonical, score
from benchmarks.thread.talk import to_wall
from benchmarks.turns import QUESTIONS
from benchmarks.viewer import Message, ThreadViewer
from bridge.media.g711 import ulaw_decode
from bridge.ports import Urgency
from bridge.speech.engines import RecogniserEngine, build_stt
from tests.harness.server import ServerProcess

ROUNDS = 10
_PAUSE_MS = 700
_CUT = "…"
_TAIL_S = 0.5
_RATE = 8000


@dataclass(frozen=True, slots=True)
class Sentence:
    """What the thread says that the bot said, and what a recogniser made of what the caller heard of it."""

    text: str
    heard: str

    @property
    def cut(self) -> bool:
        """True where the thread says that it was cut off."""
        return self.text.endswith(_CUT)

    @property
    def score(self) -> Score:
        """How the caller's hearing differs from the thread's words."""
        return score(self.text, self.heard)

    @property
    def words_off(self) -> int:
        """By how many words the thread's text is too long or too short."""
        return abs(len(canonical(self.text)) - len(canonical(self.heard)))


async def measure(
    server: ServerProcess, voices: Mapping[str, bytes], *, rounds: int = ROUNDS
) -> list[Figure]:
    """Ask the bot questions, let it finish every other answer and cut off the rest somewhere."""
    began = time.monotonic()
    async with Phone(server.stream_url, parameters={"number": "+15550198"}) as phone:
        call = await server.only_call()
        async with ThreadViewer(server, call["threadId"]) as viewer:
            for number in range(rounds):
                await phone.wait_quiet(_PAUSE_MS, within=40)
                said = await phone.say(voices[QUESTIONS[number % len(QUESTIONS)]])
                slot = await phone.wait_sound(said[-1].begins)
                if number % 2:
                    # Not always at the same word.
                    await asyncio.sleep(slot.at + random.uniform(0.8, 2.2) - time.monotonic())
                    await phone.say(voices[QUESTIONS[(number + 1) % len(QUESTIONS)]])
            await phone.wait_quiet(_PAUSE_MS, within=40)
            spoken = [message for _, message in viewer.came if message["speaker"] == "bot"]
    sentences = await _heard(phone, [message for message in spoken if message["final"]], to_wall(began))
    return _figures(sentences)


async def _heard(phone: Phone, spoken: Sequence[Message], began: float) -> list[Sentence]:
    """Each of the bot's messages with what a recogniser understands of the slots played meanwhile."""
    recogniser = build_stt("whisper")
    await recogniser.start()
    try:
        await recogniser.wait_ready()
        return [
            Sentence(message["text"], await _understood(recogniser, phone, message, next_begins))
            for message, next_begins in _with_next(spoken)
            if message["text"] and _second(message["startedAt"]) > began
        ]
    finally:
        await recogniser.close()


async def _understood(
    recogniser: RecogniserEngine, phone: Phone, message: Message, next_begins: float
) -> str:
    first, last = _second(message["startedAt"]), min(_second(message["endedAt"]) + _TAIL_S, next_begins)
    slots = [slot for slot in phone.heard if slot.buffered and first <= to_wall(slot.at) < last]
    pcm = ulaw_decode(b"".join(slot.payload for slot in slots))
    return await recogniser.transcribe(pcm, rate=_RATE, urgency=Urgency.FINAL)


def _with_next(spoken: Sequence[Message]) -> list[tuple[Message, float]]:
    begins = [_second(message["startedAt"]) for message in spoken[1:]]
    return list(zip(spoken, [*begins, float("inf")], strict=True))


def _figures(sentences: Sequence[Sentence]) -> list[Figure]:
    whole = [one for one in sentences if not one.cut]
    cut = [one for one in sentences if one.cut]
    note = "the thread's text against what tiny.en understands of what was played to the caller"
    figures: list[Figure] = []
    if whole:
        rate = sum((one.score for one in whole), Score())
        told = f"{len(whole)} messages, {rate.wrong} of {rate.said} words; {note}"
        figures.append(
            Figure("Bot's words in the thread, said to the end", (rate.percent,), unit="%", note=told)
        )
    if cut:
        off = tuple(float(one.words_off) for one in cut)
        told = f"{len(cut)} messages; how many words too many or too few; {note}"
        figures.append(Figure("Bot's words in the thread, cut off by the caller", off, unit="", note=told))
    return figures


def _second(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
