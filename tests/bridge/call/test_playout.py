"""Pacing, cutting and hold audio. The clock is the real one, and most of what is asserted needs no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge.call.hold import hold_frames
from bridge.call.playout import HOLD_LEAD, SPEECH_LEAD, Played, Playout
from bridge.media.clock import MediaClock
from bridge.media.frame import Frame
from bridge.ports import FRAME_MS, Codec
from tests.bridge.call.recording_line import RecordingLine
from tests.harness.tones import tone

PCM_FRAME = 320


class ManualClock(MediaClock):
    """A clock that ticks when it is told to."""

    @property
    def ticks(self) -> tuple[object, ...]:
        """Who is subscribed."""
        return tuple(self._subscribers)

    def at(self, now: float) -> None:
        """One tick at `now`."""
        for tick in tuple(self._subscribers):
            tick(now)


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    """Speech in pieces."""
    for piece in pieces:
        yield piece


async def settle() -> None:
    """Let every task go as far as it can without the clock."""
    for _ in range(50):
        await asyncio.sleep(0)


async def playing(playout: Playout, *pieces: bytes, first: list[int] | None = None) -> asyncio.Task[Played]:
    """`play` as a task that has taken all that it could."""
    done = (lambda: first.append(1)) if first is not None else None
    task = asyncio.ensure_future(playout.play(chunks(*pieces), done))
    await settle()
    return task


def fixture(codec: Codec = Codec.PCMU) -> tuple[RecordingLine, ManualClock, Playout]:
    """A line, a clock and a playout on them."""
    line, clock = RecordingLine(codec), ManualClock()
    return line, clock, Playout(line, clock)


async def test_speech_runs_ahead_by_its_lead_and_then_in_real_time() -> None:
    line, clock, playout = fixture()
    task = await playing(playout, bytes(PCM_FRAME * 50))
    lead = round(SPEECH_LEAD * 1000 / FRAME_MS)
    clock.at(100.0)
    assert len(line.frames) == lead
    for tick in range(1, 20):
        clock.at(100.0 + tick * 0.02)
        assert len(line.frames) == lead + tick
    clock.at(100.0 + 19 * 0.02)
    assert len(line.frames) == lead + 19, "a second tick at the same time sends nothing"
    playout.cut()
    await task


async def test_speech_ends_when_its_last_frame_has_been_heard_and_not_when_it_was_sent() -> None:
    line, clock, playout = fixture()
    first: list[int] = []
    task = await playing(playout, bytes(PCM_FRAME * 10), first=first)
    assert first == []
    now = 100.0
    clock.at(now)
    assert first == [1]
    while len(line.frames) < 10:
        now += 0.02
        clock.at(now)
    assert playout.speaking
    while playout.speaking:
        now += 0.02
        clock.at(now)
    assert 9 <= round((now - 100.0) / 0.02) <= 11
    assert await task == Played(200, 200, cut=False, complete=True)
    assert line.said == line.frames, "nothing was cleared"
    clock.at(now + 0.02)
    assert clock.ticks == (), "an idle playout costs no ticks"


async def test_a_voice_that_is_slow_to_begin_does_not_take_the_line() -> None:
    line, clock, playout = fixture()
    begin = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await begin.wait()
        yield bytes(PCM_FRAME * 5)

    task = asyncio.ensure_future(playout.play(slow()))
    await settle()
    clock.at(100.0)
    assert (playout.speaking, playout.sounding, line.said) == (True, False, [])
    begin.set()
    await settle()
    clock.at(100.02)
    assert playout.sounding
    clock.at(100.04)
    clock.at(100.30)
    await task
    assert not playout.sounding


async def test_chunks_of_any_length_become_whole_frames() -> None:
    sound = tone(440.0, 0.21)
    line, clock, playout = fixture(Codec.L16_8K)
    task = await playing(playout, sound[:1], sound[1:999], sound[999:1000], b"", sound[1000:])
    now = 100.0
    while playout.speaking:
        clock.at(now)
        now += 0.02
    await task
    sent = b"".join(line.frames)
    assert sent[: len(sound)] == sound
    assert set(sent[len(sound) :]) <= {0}
    assert len(sent) == 11 * Codec.L16_8K.frame_bytes


async def test_a_cut_sends_no_frame_more_and_tells_the_provider() -> None:
    line, clock, playout = fixture()
    task = await playing(playout, bytes(PCM_FRAME * 50))
    clock.at(100.0)
    assert playout.cut_speech()
    played = await task
    assert (played.cut, played.total_ms) == (True, 1000)
    assert line.said[-1] is None
    before = len(line.said)
    clock.at(100.02)
    assert len(line.said) == before
    assert not playout.cut_speech(), "there is nothing left to cut"
    assert len(line.said) == before


async def test_a_cut_before_the_first_frame_counts_as_unheard() -> None:
    _, _, playout = fixture()
    task = await playing(playout, bytes(PCM_FRAME * 50))
    playout.cut()
    assert (await task).heard_ms == 0


async def test_speech_without_a_sound_ends_at_once() -> None:
    line, _, playout = fixture()
    assert await (await playing(playout)) == Played(0, 0, cut=False, complete=True)
    assert line.said == []


async def test_giving_up_a_task_that_plays_cuts_the_speech() -> None:
    line, clock, playout = fixture()
    task = await playing(playout, bytes(PCM_FRAME * 50))
    clock.at(100.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert line.said[-1] is None
    assert not playout.speaking


async def test_only_one_stretch_of_speech_at_a_time() -> None:
    _, _, playout = fixture()
    task = await playing(playout, bytes(PCM_FRAME * 50))
    with pytest.raises(RuntimeError):
        await playout.play(chunks(b""))
    playout.cut()
    await task


async def test_a_fast_voice_waits_for_room() -> None:
    _, clock, playout = fixture()
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(PCM_FRAME * 50)

    task = asyncio.ensure_future(playout.play(endless()))
    await settle()
    assert taken <= 4, "two seconds and what was in the air are the most that is kept"
    now, before = 100.0, taken
    for _ in range(200):
        clock.at(now)
        now += 0.02
        await settle()
    assert before < taken < before + 8
    playout.cut()
    await task


async def test_hold_audio_loops_without_a_gap_and_stays_close_to_real_time() -> None:
    line, clock, playout = fixture()
    frames = hold_frames(Codec.PCMU)
    playout.hold(frames)
    now = 100.0
    for _ in range(len(frames) + 10):
        clock.at(now)
        now += 0.02
    lead = round(HOLD_LEAD * 1000 / FRAME_MS)
    assert len(line.frames) == len(frames) + 10 + lead - 1
    assert line.frames[: len(frames)] == list(frames)
    assert line.frames[len(frames)] == frames[0]


async def test_holding_again_goes_on_where_it_was() -> None:
    line, clock, playout = fixture()
    frames = hold_frames(Codec.PCMU)
    playout.hold(frames)
    clock.at(100.0)
    playout.hold(frames)
    clock.at(100.02)
    assert line.frames == list(frames[: len(line.frames)])


async def test_speech_silences_hold_audio_until_it_has_ended() -> None:
    line, clock, playout = fixture()
    hold = hold_frames(Codec.PCMU)
    playout.hold(hold)
    clock.at(100.0)
    task = await playing(playout, tone(440.0, 0.2))
    now, before = 100.0, len(line.frames)
    while playout.speaking:
        now += 0.02
        clock.at(now)
    await task
    speech = line.frames[before:]
    first_hold = next((i for i, frame in enumerate(speech) if frame in hold), len(speech))
    assert first_hold == 10
    for _ in range(5):
        now += 0.02
        clock.at(now)
    assert line.frames[-1] in hold
    assert None not in line.said


async def test_stopping_hold_audio_leaves_speech_alone() -> None:
    line, clock, playout = fixture()
    playout.hold(hold_frames(Codec.PCMU))
    task = await playing(playout, bytes(PCM_FRAME * 50))
    clock.at(100.0)
    playout.stop_hold()
    assert None not in line.said
    assert playout.speaking
    playout.cut()
    await task
    assert not playout.cut()


async def test_a_live_voice_is_heard_together_with_speech() -> None:
    line, clock, playout = fixture(Codec.L16_8K)
    quiet, live = b"\x10\x00" * 160, b"\x01\x00" * 160
    task = await playing(playout, quiet * 20)
    playout.mix_in(Frame(Codec.L16_8K, live))
    clock.at(100.0)
    assert line.frames[0] == b"\x11\x00" * 160
    assert line.frames[1] == quiet
    playout.cut()
    await task


async def test_after_adopting_another_line_only_that_one_is_played_to() -> None:
    line, clock, playout = fixture()
    playout.hold(hold_frames(Codec.PCMU))
    clock.at(100.0)
    other, before = RecordingLine(), len(line.said)
    playout.adopt(other)
    clock.at(100.1)
    playout.cut()
    assert len(line.said) == before
    assert other.frames
    assert other.said[-1] is None


@pytest.mark.parametrize("codec", Codec)
def test_hold_audio_is_audible_never_loud_and_fits_every_line(codec: Codec) -> None:
    frames = hold_frames(codec)
    assert {len(frame) for frame in frames} == {codec.frame_bytes}
    assert len(frames) == 400
    loud = [Frame(codec, frame).audible for frame in frames]
    assert sum(loud) > 390, "the caller is not to think that the line is dead"


async def test_a_live_voice_is_mixed_in_and_does_not_keep_a_sentence_from_ending() -> None:
    line, clock, playout = fixture()
    task = await playing(playout, bytes(PCM_FRAME * 10))
    live = Frame.of_pcm(tone(1000.0, 0.02), Codec.PCMU)
    for tick in range(25):
        if playout.sounding:
            playout.mix_in(live)
        clock.at(100.0 + tick * 0.02)
    await settle()
    assert task.done(), "the sentence is over although the operator speaks on"
    assert (await task).cut is False
    assert live.payload in line.frames, "silence and the live voice are the live voice"
    assert len(line.frames) == 10
    assert clock.ticks == ()


async def test_where_the_rest_of_a_sentence_is_late_the_live_voice_goes_on() -> None:
    line, clock, playout = fixture()
    rest = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield bytes(PCM_FRAME)
        await rest.wait()
        yield bytes(PCM_FRAME)

    task = asyncio.ensure_future(playout.play(stalling()))
    await settle()
    live = Frame.of_pcm(tone(1000.0, 0.02), Codec.PCMU)
    for tick in range(20):
        if playout.sounding:
            playout.mix_in(live)
        clock.at(100.0 + tick * 0.02)
    assert line.frames.count(live.payload) >= 15
    rest.set()
    await settle()
    clock.at(100.5)
    clock.at(101.0)
    await settle()
    assert task.done()
    await task


async def test_hold_audio_fills_a_sentence_that_does_not_go_on() -> None:
    line, clock, playout = fixture()
    rest = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield bytes(PCM_FRAME)
        await rest.wait()
        yield bytes(PCM_FRAME)

    playout.hold(hold_frames(Codec.PCMU))
    task = asyncio.ensure_future(playout.play(stalling()))
    await settle()
    for tick in range(100):
        clock.at(100.0 + tick * 0.02)
    first_second, second = line.frames[:4], line.frames[4:]
    assert len(first_second) == 4
    assert 40 <= len(second) <= 60, "hold audio from one second on, and not before"
    playout.cut()
    await task
