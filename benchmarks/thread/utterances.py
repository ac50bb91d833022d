"""What is said on the calls: sentences of every length, and recordings of people that a package brings."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.sound import RATE, Samples
from bridge.speech.resample import resample

SHORT = (
    "Hello, is anybody there?",
    "Yes, that is right.",
    "No, not today.",
    "Could you say that again?",
    "Hold on a second, please.",
    "I will call back later.",
    "That sounds good to me.",
    "What do you mean by that?",
    "Let me find a pen.",
    "Thank you for your help.",
)
NUMBERS = (
    "My order number is four seven two nine.",
    "The postcode is nine zero two one zero.",
    "I need twenty-five muffins by Friday.",
    "It cost one hundred twelve dollars in total.",
    "Please call me at five five five, zero one two three.",
    "There will be fourteen adults and six children.",
    "The appointment was at half past nine.",
    "I have been waiting for forty minutes.",
    "We moved here in the year two thousand.",
    "The flat is on the third floor, door number eighteen.",
    "I paid thirty dollars more than last time.",
    "You can reach me between two and five in the afternoon.",
)
NAMES = (
    "My name is Margaret Thompson.",
    "Could I speak to Mister Johnson, please?",
    "This is Daniel from the hotel in Chicago.",
    "I live on Washington Street, near the library.",
    "My daughter Emily has an appointment with Doctor Miller.",
    "We are flying from Boston to San Francisco on Monday.",
    "Please send it to Robert Williams in Texas.",
    "My husband Michael will pick it up on Saturday morning.",
    "The package came from a company in Germany.",
    "I spoke with Sarah in the billing department yesterday.",
)
QUESTIONS = (
    "What are your opening hours on Sunday?",
    "Do you deliver to the other side of the river?",
    "How long does it take to get a refund?",
    "Is there a parking lot behind the building?",
    "Can I change the date of my reservation?",
    "Why was my credit card charged twice this month?",
    "Where can I see the status of my repair?",
    "Would it be possible to speak to a manager?",
    "Which of the two plans includes free shipping?",
    "Have you received the email that I sent last night?",
)
LONG = (
    "I ordered a birthday cake for my daughter last week, and it should have been delivered this morning.",
    "The washing machine makes a loud noise when it spins, and there is water all over the kitchen floor.",
    "I would like to cancel my subscription, because I have moved to another country and do not need it.",
    "Your driver left the parcel with a neighbor, but nobody in the house knows anything about it.",
    "The internet connection drops every evening at about eight, just when everybody comes home from work.",
    "I was told that somebody would come to look at the heating, but I stayed at home all day for nothing.",
    "My mother is eighty-four years old and cannot climb the stairs, so we need a room downstairs.",
    "If the blue one is not available, I would rather wait for it than take the green one in a smaller size.",
    "The light on the front of the box is red, and when I press it, it blinks three times and goes out.",
    "I have already tried to restart the computer, and changed the password, but it does not let me in.",
    "We had a wonderful dinner at your restaurant, and I think that I left my umbrella under the table.",
    "Please tell the technician to ring the bell on the left, because the other has not worked for years.",
)
TEXTS = SHORT + NUMBERS + NAMES + QUESTIONS + LONG

RECORDINGS = Path("/usr/share/pocketsphinx/test/data")
RECORDINGS_PACKAGE = "pocketsphinx-testdata"
_SLIPS = {"a more a amiable": "a more amiable"}
"""Where a transcription differs from what is read, which is a printed book."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is said, in words and as s16le mono at 8 kHz."""

    text: str
    pcm: bytes


def recordings(folder: Path = RECORDINGS) -> list[Utterance]:
    """Recordings of people with their transcriptions: a LibriVox reader, and playing cards being named.

    They come in Debian's package `pocketsphinx-testdata`; [] where that is not installed.
    """
    found: list[Utterance] = []
    for transcription in (folder / "librivox" / "transcription", folder / "cards" / "cards.transcription"):
        if transcription.exists():
            for line in transcription.read_text().splitlines():
                text, _, name = line.rpartition("(")
                path = transcription.with_name(name.rstrip(") ") + ".wav")
                found.append(Utterance(_plain(text), _telephone(path)))
    return found


def _plain(text: str) -> str:
    text = text.replace("<s>", "").replace("</s>", "").strip()
    for slip, meant in _SLIPS.items():
        text = text.replace(slip, meant)
    return text


def _telephone(path: Path) -> bytes:
    """A mono file as it sounds on a phone, at the loudness of the packaged voice. Raises ValueError."""
    with wave.open(str(path)) as file:
        if file.getnchannels() != 1 or file.getsampwidth() != 2:
            raise ValueError(f"{path} is not mono in 16 bits")
        pcm = resample(file.readframes(file.getnframes()), file.getframerate(), RATE)
    samples = np.frombuffer(pcm, np.int16).astype(np.float64)
    return at_loudness(samples).tobytes()


_LOUDNESS = 1800.0
"""RMS of the loud parts of speech, which leaves room for peaks: about -25 dBFS."""


def at_loudness(samples: np.ndarray[tuple[int], np.dtype[np.float64]], rms: float = _LOUDNESS) -> Samples:
    """The samples at such a gain that their speech has this RMS; what is then too loud is clipped."""
    found = samples * (rms / max(1.0, speech_rms(samples)))
    return np.clip(found, -32768, 32767).astype(np.int16)


def speech_rms(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """RMS of the 20 ms stretches that are within 25 dB of the loudest one: pauses do not count."""
    size = RATE // 50
    power = np.square(samples[: len(samples) // size * size].reshape(-1, size)).mean(axis=1)
    if not power.size:
        return 0.0
    return float(np.sqrt(power[power >= power.max() / 10**2.5].mean()))
