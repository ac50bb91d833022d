from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bridge.ports import FRAME_MS
from bridge.speech.resample import resample
from bridge.speech.segmenter import (
    Event,
    Segmenter,
    SpeechPaused,
    SpeechResumed,
    SpeechStarted,
    UtteranceEnded,
)

RATE = 8000
ASK, NUMBER, HOURS = (
    "I want to speak to a human, please.",
    "My order number is four five seven two.",
    "What are your opening hours on Sunday?",
)
Noise = Callable[[float, int], NDArray[np.int16]]


def frames(pcm: bytes, rate: int = RATE) -> list[bytes]:
    size = rate * FRAME_MS // 1000 * 2
    return [pcm[at : at + size] for at in range(0, len(pcm) - size + 1, size)]


def run(segmenter: Segmenter, pcm: bytes, rate: int = RATE) -> list[Event]:
    return [event for frame in frames(pcm, rate) for event in segmenter.push(frame)]


def audible(pcm: bytes) -> tuple[float, float]:
    """First and last millisecond with sound, judged by the level of 10 ms stretches."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    level = np.sqrt((samples[: len(samples) // 80 * 80].reshape(-1, 80) ** 2).mean(axis=1))
    loud = np.flatnonzero(level > level.max() * 0.03)
    return float(loud[0] * 10), float(loud[-1] * 10 + 10)


def silence(ms: int) -> bytes:
    return bytes(RATE * ms // 1000 * 2)


def mixed(pcm: bytes, hiss: NDArray[np.int16]) -> bytes:
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.int32)
    return bytes(np.clip(samples + hiss[: len(samples)], -32768, 32767).astype("<i2"))


def ended(events: Sequence[Event]) -> list[UtteranceEnded]:
    return [event for event in events if isinstance(event, UtteranceEnded)]


@pytest.mark.parametrize("hiss", [0, 5, 60, 120], ids=["clean", "line noise", "noisy", "15 dB"])
def test_utterances_are_found_where_they_are(spoken: dict[str, bytes], noise: Noise, hiss: float) -> None:
    parts, truth, at = [], [], 0
    for text in (ASK, NUMBER, HOURS):
        parts += [silence(1200), spoken[text]]
        first, last = audible(spoken[text])
        truth.append((at + 1200 + first, at + 1200 + last))
        at = sum(len(part) for part in parts) // 16
    stream = b"".join([*parts, silence(1000)])
    found = ended(run(Segmenter(RATE), mixed(stream, noise(hiss, len(stream) // 16 + 1))))
    # A comma in noise may become a gap that is long enough; no sentence is lost or found twice.
    assert all(any(u.start_ms < last and first < u.end_ms for u in found) for first, last in truth)
    assert all(any(u.start_ms < last and first < u.end_ms for first, last in truth) for u in found)
    for first, last in truth:
        mine = [u for u in found if u.start_ms < last and first < u.end_ms]
        assert abs(mine[0].start_ms - first) <= 200
        assert -450 <= mine[-1].end_ms - last <= 250


def test_speech_is_announced_soon_after_it_begins(spoken: dict[str, bytes]) -> None:
    stream = silence(1000) + spoken[ASK]
    segmenter, begun = Segmenter(RATE), 1000 + audible(spoken[ASK])[0]
    for count, frame in enumerate(frames(stream), start=1):
        if events := segmenter.push(frame):
            assert isinstance(events[0], SpeechStarted)
            assert abs(events[0].at_ms - begun) <= 80
            assert count * FRAME_MS - begun <= 180
            return
    pytest.fail("speech was not noticed")


@pytest.mark.parametrize("level", [0, 3, 100, 900])
def test_noise_alone_is_no_speech(noise: Noise, level: float) -> None:
    segmenter = Segmenter(RATE)
    assert run(segmenter, noise(level, 10_000).tobytes()) == []
    assert segmenter.flush() == []
    assert segmenter.current() is None


def test_a_click_is_no_speech() -> None:
    click = (np.random.default_rng(1).normal(size=RATE * 40 // 1000) * 9000).astype("<i2").tobytes()
    assert run(Segmenter(RATE), silence(800) + click + silence(800)) == []


def test_a_pause_brings_what_the_end_brings(spoken: dict[str, bytes]) -> None:
    events = run(Segmenter(RATE), silence(500) + spoken[HOURS] + silence(900))
    pauses = [event for event in events if isinstance(event, SpeechPaused)]
    (end,) = ended(events)
    assert pauses[-1].pcm == end.pcm
    assert (pauses[-1].start_ms, pauses[-1].end_ms) == (end.start_ms, end.end_ms)


def test_speech_that_goes_on_after_a_pause_is_one_utterance(spoken: dict[str, bytes]) -> None:
    word = spoken[HOURS]
    first, last = (round(ms) for ms in audible(word))
    tight = word[first * 16 : last * 16]
    stream = silence(500) + tight + silence(320) + tight + silence(900)
    events = run(Segmenter(RATE), stream)
    (end,) = ended(events)
    resumed = [event for event in events if isinstance(event, SpeechResumed)]
    second = 500 + (last - first) + 320
    assert any(abs(event.at_ms - second) <= 80 for event in resumed)
    assert end.end_ms > second + (last - first) / 2


def test_the_audio_is_a_stretch_of_the_input_with_room_on_both_sides(spoken: dict[str, bytes]) -> None:
    stream = silence(1000) + spoken[ASK] + silence(1000)
    (end,) = ended(run(Segmenter(RATE), stream))
    begin = stream.find(end.pcm)
    assert begin >= 0
    assert begin // 16 == end.start_ms - 240
    assert (begin + len(end.pcm)) // 16 == end.end_ms + 200


def test_an_endless_speaker_is_cut_where_it_is_quiet_and_nothing_is_lost(spoken: dict[str, bytes]) -> None:
    tight = [
        spoken[text][round(audible(spoken[text])[0]) * 16 : round(audible(spoken[text])[1]) * 16]
        for text in (ASK, NUMBER, HOURS)
    ]
    gap = silence(160)
    stream = silence(500) + gap.join(tight * 2) + silence(900)
    events = run(Segmenter(RATE, max_ms=4000), stream)
    found = ended(events)
    cuts = [utterance for utterance in found if utterance.cut]
    assert cuts
    assert not found[-1].cut
    assert all(utterance.end_ms - utterance.start_ms <= 4000 for utterance in found)
    for cut in cuts:
        after = events[events.index(cut) + 1]
        assert isinstance(after, SpeechStarted)
        assert after.at_ms == cut.end_ms
        follower = found[found.index(cut) + 1]
        assert cut.pcm + follower.pcm in stream
        assert np.sqrt(np.mean(np.frombuffer(cut.pcm[-640:], dtype="<i2").astype(np.float64) ** 2)) < 300


def test_a_cut_in_a_pause_takes_back_what_the_pause_brought(spoken: dict[str, bytes]) -> None:
    begin, end = (round(ms) * 16 for ms in audible(spoken[NUMBER]))
    stream = spoken[NUMBER][begin:end] + silence(1000)
    pause = next(e for e in run(Segmenter(RATE), stream) if isinstance(e, SpeechPaused))
    longest = pause.end_ms - pause.start_ms + 320
    events = run(Segmenter(RATE, max_ms=longest), stream)
    cut = next(event for event in ended(events) if event.cut)
    told = events[: events.index(cut)]
    assert [type(event) for event in told[-2:]] == [SpeechPaused, SpeechResumed]


def test_flush_ends_an_open_utterance_and_the_stream_goes_on(spoken: dict[str, bytes]) -> None:
    segmenter = Segmenter(RATE)
    events = run(segmenter, silence(500) + spoken[NUMBER][: RATE * 2])
    assert isinstance(events[0], SpeechStarted)
    assert segmenter.current() is not None
    (end,) = ended(segmenter.flush())
    assert not end.cut
    assert segmenter.flush() == []
    assert len(ended(run(segmenter, silence(700) + spoken[HOURS] + silence(700)))) == 1


def test_the_audio_so_far_grows_while_somebody_speaks(spoken: dict[str, bytes]) -> None:
    segmenter, lengths = Segmenter(RATE), []
    for frame in frames(silence(500) + spoken[ASK] + silence(700)):
        segmenter.push(frame)
        lengths.append(len(segmenter.current() or b""))
    speaking = [length for length in lengths if length]
    assert lengths[0] == lengths[-1] == 0
    assert speaking == list(range(speaking[0], speaking[-1] + 1, 320))


@pytest.mark.parametrize("rate", [16000, 24000])
def test_other_rates_find_the_same_speech(spoken: dict[str, bytes], rate: int) -> None:
    stream = silence(900) + spoken[ASK] + silence(900)
    (narrow,) = ended(run(Segmenter(RATE), stream))
    (wide,) = ended(run(Segmenter(rate), resample(stream, RATE, rate), rate))
    assert abs(wide.start_ms - narrow.start_ms) <= 100
    assert abs(wide.end_ms - narrow.end_ms) <= 100


@pytest.mark.parametrize("size", [0, 1, 319, 321, 640])
def test_a_frame_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="320"):
        Segmenter(RATE).push(bytes(size))


@pytest.mark.parametrize(
    "options",
    [{"pause_ms": 600}, {"pause_ms": 0}, {"min_speech_ms": 0}, {"max_ms": 100}],
    ids=["pause after end", "no pause", "no onset", "no room"],
)
def test_impossible_settings_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="need"):
        Segmenter(RATE, **options)


def test_an_unknown_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="44100"):
        Segmenter(44100)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 0, 200, 3000, 20000]), st.integers(1, 40)), max_size=20))
def test_events_always_come_in_order(stretches: list[tuple[int, int]]) -> None:
    random = np.random.default_rng(3)
    segmenter = Segmenter(RATE, max_ms=1000)
    events: list[Event] = []
    position = 0
    for loudness, count in stretches:
        for _ in range(count):
            t = (np.arange(160) + position * 160) / RATE
            # Hum with harmonics passes for a voice.
            voice = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 20)) * loudness / 3
            samples = np.clip(voice + random.normal(size=160) * 10, -32768, 32767)
            events += segmenter.push(samples.astype("<i2").tobytes())
            position += 1
    events += segmenter.flush()
    is_open = is_paused = False
    last_end = 0
    for event in events:
        if isinstance(event, SpeechStarted):
            assert not is_open
            assert event.at_ms >= last_end
            is_open, is_paused = True, False
        elif isinstance(event, SpeechPaused):
            assert is_open
            assert not is_paused
            is_paused = True
        elif isinstance(event, SpeechResumed):
            assert is_open
            assert is_paused
            is_paused = False
        else:
            assert is_open
            assert event.start_ms <= event.end_ms <= position * FRAME_MS
            assert len(event.pcm) % 320 == 0
            is_open, last_end = False, event.end_ms
    assert not is_open
