"""More talk than the machine transcribes live: what comes late, what is shed, and whether the bot answers."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Figure, milliseconds
from benchmarks.parties import Phone
from benchmarks.sound import RATE, voiced
from benchmarks.thread.finals import lateness, missing
from benchmarks.thread.hearing import Heard
from benchmarks.thread.stage import Stage, stage
from benchmarks.thread.talk import GAP_S, Scene, Track, track
from benchmarks.thread.utterances import TEXTS, Utterance
from benchmarks.turns import QUESTIONS
from tests.harness.server import ServerProcess

CALLS = 8
SECONDS = 60.0
_PAUSE_S = 0.7
_QUIET_MS = 700
_PATIENCE_S = 90.0
_TURN_MS = 1200.0
_SHED = re.compile(r'^patchbay_speech_shed_total\{engine="stt"\} (\S+)$', re.MULTILINE)


@dataclass(slots=True)
class _Answers:
    """Seconds from each question's end to the bot's first sound; how many questions came to nothing."""

    seconds: list[float] = field(default_factory=list)
    unanswered: int = 0


async def measure(
    folder: Path,
    voices: Mapping[str, bytes],
    model: str,
    path: str | None = None,
    *,
    calls: int = CALLS,
    seconds: float = SECONDS,
    texts: Sequence[str] = TEXTS,
) -> list[Figure]:
    """Both sides of every call talk all the time, while one caller more asks the bot questions."""
    settings: dict[str, object] = {"stt": "whisper", "tts": "piper"}
    if path:
        settings["whisper_model"] = path
    said = [Utterance(text, voices[text]) for text in texts]
    scenes = [
        Scene(_chatter(said, 5 * number, seconds), _chatter(said, 5 * number + 27, seconds))
        for number in range(calls)
    ]
    async with stage(folder, calls, settings) as on:
        talking = asyncio.create_task(on.play(scenes, patience_s=_PATIENCE_S), name="chatter")
        try:
            answers = await _ask(on.server, voices, time.monotonic() + seconds)
        finally:
            callers, humans = await talking
        partials, shed = _partials(on), await _shed(on.server)
    found = [one for side in (*callers, *humans) for one in side]
    return _figures(f"{model}, {calls} calls", found, answers, partials, shed)


def _chatter(said: Sequence[Utterance], first: int, seconds: float) -> Track:
    """As many utterances as fit, with no more silence between them than ends one."""
    starts: list[float] = []
    chosen: list[Utterance] = []
    at = 0.4 + first % 7 * 0.13
    while True:
        utterance = said[(first + len(chosen)) % len(said)]
        length = len(utterance.pcm) / 2 / RATE
        if at + length > seconds - GAP_S and chosen:
            return track(chosen, starts=starts)
        starts.append(at)
        chosen.append(utterance)
        at += length + _PAUSE_S


async def _ask(server: ServerProcess, voices: Mapping[str, bytes], until: float) -> _Answers:
    """Ask the bot one question after the other while the others talk."""
    answers = _Answers()
    async with Phone(server.stream_url, parameters={"number": "+15550199"}) as phone:
        await phone.wait_quiet(_QUIET_MS, within=60)
        number = 0
        while time.monotonic() < until:
            said = await phone.say(voices[QUESTIONS[number % len(QUESTIONS)]])
            number += 1
            ended = voiced(said)[1]
            try:
                slot = await phone.wait_sound(ended)
            except TimeoutError:
                answers.unanswered += 1
                continue
            answers.seconds.append(slot.at - ended)
            await phone.wait_quiet(_QUIET_MS, within=60)
    return answers


async def _shed(server: ServerProcess) -> int | None:
    """Partials that the recogniser dropped so far, by the server's own count; None where it tells none."""
    async with server.session.get(f"{server.url}/metrics") as answer:
        found = _SHED.search(await answer.text()) if answer.status == 200 else None
    return int(float(found[1])) if found else None


def _partials(on: Stage) -> int:
    """Partials with words that the viewers of the talking calls were shown."""
    return sum(
        not message["final"] and bool(message["text"]) and message["speaker"] in ("caller", "human")
        for viewer in on.viewers
        for _, message in viewer.came
    )


def _figures(
    name: str, found: Sequence[Heard], answers: _Answers, partials: int, shed: int | None
) -> list[Figure]:
    talk = sum(one.said.ended - one.said.began for one in found)
    every = f"{talk / partials:.1f} s" if partials else "none at all"
    note = (
        f"{len(found)} utterances, {talk:.0f} s of speech, on all sides at once; a partial for every {every}"
    )
    if shed is not None:
        note += f", {shed} shed"
    figures = [missing(f"Overload ({name}): utterances without a final", found)]
    if late := lateness(found):
        figures.append(Figure(f"Overload ({name}): utterance ends → final", late, note=note))
    if answers.seconds:
        note = f"the bot on one call more; last voiced sample → heard; {answers.unanswered} without an answer"
        figures.append(
            Figure(f"Overload ({name}): bot's answer", milliseconds(answers.seconds), _TURN_MS, note=note)
        )
    unanswered = (float(answers.unanswered),)
    figures.append(Figure(f"Overload ({name}): questions without an answer", unanswered, 1, unit=""))
    return figures
