"""What a scripted caller or operator is to say: texts, sound files, keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bridge.speech.engines import VoiceEngine
from signaling.terminal.errors import TerminalError
from signaling.terminal.speech import load_sound, synthesise

_KEYS = re.compile(r"#([0-9*#A-Da-d]+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One turn. `text`: as it is shown; `pcm`: s16le mono at 8 kHz; `keys`: to press instead of speaking."""

    text: str
    pcm: bytes = b""
    keys: str = ""


def keys_of(text: str) -> str:
    """The phone's keys that `text` asks for (`#5` is the key 5), "" where it is to be spoken."""
    found = _KEYS.fullmatch(text.strip())
    return found[1].upper() if found else ""


async def line_of(text: str, voice: VoiceEngine) -> Line:
    """`text` as a line, spoken or pressed. Raises SpeechUnavailable."""
    keys = keys_of(text)
    if keys:
        return Line(f"(presses {' '.join(keys)})", keys=keys)
    return Line(text, pcm=await synthesise(voice, text))


async def load_lines(sounds: Sequence[Path]) -> list[Line]:
    """Sound files as lines. Raises TerminalError."""
    return [Line(f"({path.name})", pcm=await load_sound(path)) for path in sounds]


async def speak_lines(texts: Sequence[str], voice: VoiceEngine) -> list[Line]:
    """Texts as lines. Raises TerminalError for an empty one, SpeechUnavailable."""
    if not all(text.strip() for text in texts):
        raise TerminalError("There is nothing to say in an empty --say.", code="nothing_to_say")
    return [await line_of(text.strip(), voice) for text in texts]
