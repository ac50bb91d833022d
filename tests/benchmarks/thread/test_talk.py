"""What is said on the calls stands where its marks say, as loud over the noise as was asked."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from benchmarks.sound import RATE
from benchmarks.thread.finals import in_turns
from benchmarks.thread.talk import track
from benchmarks.thread.utterances import TEXTS, Utterance, recordings, speech_rms
from tests.harness.tones import tone

LONG, SHORT = Utterance("long", tone(500, 2.0)), Utterance("short", tone(700, 0.5))


def test_there_are_more_than_fifty_different_utterances() -> None:
    assert len(set(TEXTS)) == len(TEXTS) > 50


def test_marks_are_where_the_speech_is() -> None:
    one = track([LONG, SHORT], starts=[1.0, 4.0])
    assert [(mark.begins, mark.ends) for mark in one.marks] == [
        (pytest.approx(1.0, abs=0.011), pytest.approx(3.0, abs=0.011)),
        (pytest.approx(4.0, abs=0.011), pytest.approx(4.5, abs=0.011)),
    ]
    loud = np.abs(one.samples[: 5 * RATE].astype(np.int32)).reshape(-1, RATE // 2).max(axis=1) > 500
    assert list(loud) == [False, False, True, True, True, True, False, False, True, False]


def test_times_follow_when_the_frames_were_sent() -> None:
    one = track([SHORT], starts=[1.0])
    steady = [100 + number * 0.020 for number in range(len(one.samples) // 160)]
    (said,) = one.said(steady)
    assert said.began == pytest.approx(100.98, abs=0.011)
    late = [at + (0.5 if number >= 60 else 0.0) for number, at in enumerate(steady)]
    (delayed,) = one.said(late)
    assert delayed.began == pytest.approx(said.began)
    assert delayed.ended == pytest.approx(said.ended + 0.5)


def test_noise_is_as_far_below_the_speech_as_was_asked() -> None:
    one = track([LONG], starts=[2.0], snr_db=8.0)
    noise = one.samples[: 2 * RATE].astype(np.float64)
    speech = np.frombuffer(LONG.pcm, np.int16).astype(np.float64)
    found = 20 * np.log10(speech_rms(speech) / np.sqrt(np.square(noise).mean()))
    assert found == pytest.approx(8.0, abs=0.5)


def test_in_turns_nobody_speaks_into_the_others_words() -> None:
    scene = in_turns([LONG, SHORT, LONG, SHORT, SHORT])
    marks = sorted((*scene.caller.marks, *scene.human.marks), key=lambda mark: mark.begins)
    assert [mark.text for mark in marks] == ["long", "short", "long", "short", "short"]
    assert all(before.ends < after.begins for before, after in itertools.pairwise(marks))
    assert len(scene.caller.marks) == 3


def test_recordings_are_read_with_their_words_and_slips_mended(tmp_path: Path) -> None:
    folder = tmp_path / "librivox"
    folder.mkdir()
    (folder / "transcription").write_text("<s> a more a amiable woman </s> (reader-1)\n")
    with wave.open(str(folder / "reader-1.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(tone(600, 1.0, rate=16000))
    (found,) = recordings(tmp_path)
    assert found.text == "a more amiable woman"
    assert len(found.pcm) == pytest.approx(2 * RATE, rel=0.05)


def test_without_the_package_there_are_no_recordings(tmp_path: Path) -> None:
    assert recordings(tmp_path) == []
