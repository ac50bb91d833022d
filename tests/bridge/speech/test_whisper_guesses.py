from __future__ import annotations

import numpy as np
import pytest

from bridge.speech.circles import repeats, unrolled
from bridge.speech.whisper_worker import RATE, Guess, believable, pieces


@pytest.mark.parametrize(
    "guess",
    [
        Guess("Thank you.", -1.13, 0.95),
        Guess(". . .", -0.2, 0.1),
        Guess("Beep.", -1.66, 0.84),
        Guess("I don't know what I'm saying.", -1.65, 0.82),
        Guess("Thank you.", -0.66, 0.74),
        Guess("you", -3.04, 0.4),
        Guess("Okay.", -2.46, 0.88),
        Guess("Mm. Mm.", -1.43, 0.76),
        Guess("Um.", -1.60, 0.9),
        Guess("", 0.0, 0.0),
    ],
)
def test_what_whisper_hears_in_noise_is_not_believed(guess: Guess) -> None:
    assert not believable(guess)


@pytest.mark.parametrize(
    "guess",
    [
        Guess("Thank you.", -0.15, 0.16),
        Guess("1.", -0.66, 0.57),
        Guess("I see.", -0.91, 0.67),
        Guess("Okay.", -0.68, 0.14),
        Guess("Two.", -1.40, 0.31),
        Guess("Yeah.", -0.81, 0.60),
        Guess("Um.", -1.43, 0.76),
        Guess("Uh-huh.", -0.84, 0.44),
    ],
)
def test_what_whisper_hears_in_short_speech_is_believed(guess: Guess) -> None:
    assert believable(guess)


def test_circles_are_told_from_speech() -> None:
    assert repeats("I want to speak to a human. " * 8)
    assert not repeats(
        "I'd like to cancel my order because the wrong items were delivered yesterday evening."
    )
    assert not repeats("No, no, no, no.")


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("I want to speak to a human. " * 8, "I want to speak to a human."),
        ("Well, " + "no, " * 20 + "I did not.", "Well, no, no, no, I did not."),
        ("Hello. " + "Why was my card charged? " * 3 + "Why was", "Hello. Why was my card charged? Why was"),
        ("one two " * 7, "one two one"),
        ("Four four four four.", "Four four four"),
        ("Nobody said it twice, said it twice.", "Nobody said it twice, said it twice."),
        ("", ""),
    ],
)
def test_what_was_said_in_circles_is_kept_once(text: str, once: str) -> None:
    assert unrolled(text) == once
    assert not repeats(unrolled(text))


def test_long_audio_is_split_where_it_is_quiet_and_nothing_is_lost() -> None:
    audio = np.random.default_rng(1).normal(size=RATE * 46).astype(np.float32)
    audio[RATE * 20 : RATE * 20 + RATE // 2] = 0
    found = pieces(audio)
    assert len(found) == 2
    assert RATE * 20 <= len(found[0]) <= RATE * 20 + RATE // 2
    assert np.array_equal(np.concatenate(found), audio)


def test_audio_that_fits_stays_whole() -> None:
    audio = np.zeros(RATE * 15, dtype=np.float32)
    assert [len(piece) for piece in pieces(audio)] == [RATE * 15]
