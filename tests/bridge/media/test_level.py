"""Energies of frames, and the loudest tenth of a second."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.media.frame import Frame, join, level_dbfs
from bridge.media.level import SILENCE_DBFS, Meter, energies
from bridge.ports import Codec
from tests.harness.tones import tone

FRAME_BYTES = 320


def test_energies_are_the_mean_squares_of_each_frame() -> None:
    frames = [np.full(160, value, "<i2").tobytes() for value in (0, 3, -32768)]
    assert energies(b"".join(frames), FRAME_BYTES) == [0.0, 9.0, 32768.0**2]


def test_a_meter_reads_the_loudest_tenth_of_a_second_and_begins_anew() -> None:
    loud, soft = tone(400.0, 0.1, peak=8000), tone(400.0, 0.3, peak=800)
    meter = Meter()
    meter.push(energies(soft + loud, FRAME_BYTES))
    assert meter.read() == pytest.approx(level_dbfs(loud), abs=0.1)
    assert meter.read() == SILENCE_DBFS


def test_less_than_a_tenth_of_a_second_waits_for_its_rest() -> None:
    meter = Meter()
    meter.push(energies(tone(400.0, 0.08), FRAME_BYTES))
    assert meter.read() == SILENCE_DBFS
    meter.push(energies(tone(400.0, 0.02), FRAME_BYTES))
    assert meter.read() > SILENCE_DBFS


@pytest.mark.parametrize("codec", [Codec.PCMU, Codec.PCMA, Codec.L16_8K])
def test_frames_are_decoded_together_as_they_are_alone(codec: Codec) -> None:
    sound = tone(400.0, 0.1)
    frames = [Frame.of_pcm(sound[at : at + FRAME_BYTES], codec) for at in range(0, len(sound), FRAME_BYTES)]
    assert join(frames) == b"".join(Frame(codec, frame.payload).pcm for frame in frames)
