from __future__ import annotations

import numpy as np
import pytest

from benchmarks.media.endpoint import OPUS, PCMU
from benchmarks.media.material import decoded, lag, operator_sweeps
from benchmarks.media.sweep import FRAME_S, PERIOD_S, delays, sweeps

RATE, FRAME = 8000, 160
SENT = [50.0 + number * FRAME_S for number in range(400)]

Heard = list[tuple[float, bytes]]


def frames(seconds: float = 8.0) -> list[bytes]:
    """Sweeps with pauses, in frames of 20 ms of s16le."""
    sound = sweeps(seconds, RATE)
    return [sound[at : at + FRAME].tobytes() for at in range(0, len(sound), FRAME)]


def heard(delay: float) -> Heard:
    """Every frame that was sent, `delay` later."""
    return [(at + delay, frame) for at, frame in zip(SENT, frames(), strict=True)]


@pytest.mark.parametrize("delay", [0.0, 0.0005, 0.081, 0.4, 0.801, 1.4])
def test_a_delay_is_read_from_the_sound_alone(delay: float) -> None:
    found = delays(SENT, heard(delay))
    told = found[~np.isnan(found)]
    assert len(told) > 0.7 * len(SENT)
    assert told == pytest.approx(delay, abs=0.001)


def test_a_delay_that_changes_is_told_frame_by_frame() -> None:
    early, late = heard(0.010), heard(0.070)
    found = delays(SENT, early[:200] + late[200:])
    assert np.nanmedian(found[:200]) == pytest.approx(0.010, abs=0.001)
    assert np.nanmedian(found[200:]) == pytest.approx(0.070, abs=0.001)


def test_frames_of_any_cut_tell_the_same() -> None:
    sound = b"".join(frames())[2 * 144 :]
    cut = [sound[at : at + 2 * FRAME] for at in range(0, len(sound) - 2 * FRAME, 2 * FRAME)]
    came = [(50.0 + 0.030 + number * FRAME_S, frame) for number, frame in enumerate(cut)]
    # What comes begins 18 ms into what was sent, so it is that much less late.
    assert np.nanmedian(delays(SENT, came)) == pytest.approx(0.030 - 144 / RATE, abs=0.001)


def test_a_frame_that_repeats_the_one_before_tells_no_delay() -> None:
    came = heard(0.050)
    came[20] = (came[20][0], came[19][1])
    found = delays(SENT, came)
    assert np.isnan(found[20])
    assert np.nanmax(found) == pytest.approx(0.050, abs=0.001)


def test_pauses_silence_and_other_sounds_tell_nothing() -> None:
    noise = np.random.default_rng(2).uniform(-8000, 8000, FRAME).astype(np.int16).tobytes()
    assert np.isnan(delays(SENT, [(51.0, bytes(2 * FRAME)), (51.02, noise)])).all()
    pause = round(1.3 / FRAME_S)
    assert np.isnan(delays(SENT, heard(0.02)[pause : pause + 10])).all()


def test_the_lag_of_a_codec_is_found_and_taken_off() -> None:
    assert lag(PCMU, 8000) == pytest.approx(0.0, abs=0.001)
    assert all(0.004 < lag(OPUS, rate) < 0.010 for rate in (8000, 16000))  # libopus looks 6.5 ms ahead
    packets = operator_sweeps(2 * PERIOD_S, OPUS, 16000)
    sounds = decoded(packets, OPUS)
    came = [(at + 0.033, sound) for at, sound in zip(SENT, sounds, strict=False)]
    found = delays(SENT[: len(packets)], came, lag=lag(OPUS, 16000))
    assert np.nanmedian(found) == pytest.approx(0.033, abs=0.001)
