"""A whole call of the phone app on real speech: a voice, a recogniser, a bot's voice, in the app's files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge.speech.resample import resample
from tests.harness.phone_app import UTTERANCE_RATE, SimulatedPhone
from tests.harness.server import ServerProcess
from tests.harness.voice import RATE, synthesise
from tests.harness.words import word_errors, words

SAID = [
    "I would like some bagels, please.",
    "I will take twelve bagels.",
    "No, I will pick them up.",
    "No, that is all.",
]


def seconds_of_speech(pcm: bytes, rate: int) -> float:
    """How much of it is louder than -40 dBFS, by tenths of a second."""
    samples = np.frombuffer(pcm, np.int16).astype(float)
    tenth = rate // 10
    tenths = samples[: len(samples) - len(samples) % tenth].reshape(-1, tenth)
    return float((np.sqrt((tenths**2).mean(axis=1)) > 300).sum() / 10)


async def test_a_caller_orders_by_voice_and_hears_every_answer(tmp_path: Path) -> None:
    voice = await synthesise(SAID)
    recordings = [resample(voice[text], RATE, UTTERANCE_RATE) for text in SAID]
    async with ServerProcess(tmp_path, stt="whisper", tts="piper") as server:
        await server.ready()
        async with SimulatedPhone(server.url) as phone:
            assert await phone.ring()
            await phone.call(recordings)
            assert not phone.on_call, "the bot has said goodbye"
        assert len(phone.turns) == 1 + len(SAID)
        assert phone.silent_recaptures == 0
        for turn in phone.turns:
            assert turn.played is not None
            assert seconds_of_speech(turn.played, turn.rate) > 0.15 * len(words(turn.reply))
        heard = [words(turn.body["transcript"]) for turn in phone.turns[1:]]
        wrong = sum(word_errors(words(said), got) for said, got in zip(SAID, heard, strict=True))
        assert wrong <= 0.3 * sum(len(words(said)) for said in SAID), heard
        assert phone.turns[1].reply == "Lovely. How many would you like?"
        assert "pick up" in phone.turns[3].reply
        assert phone.turns[-1].body["hangup"] is True
