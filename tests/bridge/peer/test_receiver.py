"""From RTP packets to frames: order, loss, odd packet lengths, and figures for reports."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.dtmf import KeyPress, KeyWriter
from bridge.media.frame import Frame
from bridge.media.g711 import ulaw_encode
from bridge.media.opus import OpusEncoder
from bridge.media.rtp import RtpPacket, parse_rtp, serialise_rtp
from bridge.peer.arrivals import Arrivals
from bridge.peer.receiver import Receiver
from bridge.peer.sdp import AudioCodec
from bridge.peer.sender import Sender
from bridge.ports import Codec
from tests.harness.tones import share, tone

OPUS, PCMU = AudioCodec("opus", 111, 48000), AudioCodec("PCMU", 0, 8000)
KEYS = AudioCodec("telephone-event", 126, 8000)


def receiver(codec: AudioCodec, rate: int = 8000) -> tuple[Receiver, list[Frame]]:
    """A receiver and what it has delivered."""
    frames: list[Frame] = []
    return Receiver((codec,), frames.append, rate=rate), frames


def packet(
    number: int, payload: bytes, codec: AudioCodec = PCMU, ssrc: int = 5, samples: int | None = None
) -> bytes:
    """An RTP packet of 20 ms, or of `samples`."""
    step = samples or codec.clock // 50
    sequence, timestamp = number & 0xFFFF, (number * step) & 0xFFFF_FFFF
    return serialise_rtp(RtpPacket(codec.payload_type, sequence, timestamp, ssrc, payload))


async def test_mu_law_passes_through_untouched() -> None:
    taker, frames = receiver(PCMU)
    payload = bytes(range(160))
    taker.take(packet(1, payload))
    assert (frames[0].codec, frames[0].payload) == (Codec.PCMU, payload)
    taker.close()


async def test_stragglers_of_the_source_before_change_nothing() -> None:
    taker, frames = receiver(PCMU)
    old, new = ulaw_encode(tone(440.0, 0.02)), ulaw_encode(tone(1000.0, 0.02))
    taker.take(packet(1, old, ssrc=5), 0.0)
    for number, ssrc in ((100, 6), (2, 5), (101, 6), (3, 5), (102, 6)):
        taker.take(packet(number, new if ssrc == 6 else old, ssrc=ssrc), (number % 100) * 0.02)
    assert [frame.payload for frame in frames] == [old, new, new, new]
    assert (taker.arrivals.received, taker.dropped) == (3, 2)
    taker.take(packet(90, old, ssrc=5), 2.0)
    assert frames[-1].payload == old, "a source that comes back to stay is heard"
    taker.close()


@pytest.mark.parametrize("size", [80, 240, 320, 480, 33])
async def test_packets_of_another_length_become_whole_frames(size: int) -> None:
    taker, frames = receiver(PCMU)
    sound = ulaw_encode(tone(440.0, 0.6))
    for number in range(len(sound) // size):
        data = packet(number, sound[number * size : (number + 1) * size], samples=size)
        taker.take(data, number * size / 8000)
    whole = len(sound) // size * size // 160
    assert len(frames) == whole
    heard = b"".join(frame.to(Codec.PCMU) for frame in frames)
    assert heard == sound[: whole * 160]
    taker.close()


async def test_opus_is_decoded_at_the_lines_rate() -> None:
    taker, frames = receiver(OPUS, 16000)
    encoder = OpusEncoder(16000)
    sound = tone(440.0, 1.0, rate=16000)
    for number in range(50):
        taker.take(
            packet(number, encoder.encode(sound[number * 640 : (number + 1) * 640]), OPUS), number * 0.02
        )
    assert {frame.codec for frame in frames} == {Codec.L16_16K}
    assert share(b"".join(frame.pcm for frame in frames[10:]), 440.0, rate=16000) > 0.95
    taker.close()


@pytest.mark.parametrize("codec", [OPUS, PCMU], ids=["opus", "pcmu"])
async def test_a_lost_packet_is_filled_in_once_its_turn_is_over(codec: AudioCodec) -> None:
    frames: list[Frame] = []
    delivered = asyncio.Event()

    def keep(frame: Frame) -> None:
        frames.append(frame)
        if len(frames) == 55:
            delivered.set()

    taker, encoder, sound = Receiver((codec,), keep, rate=8000), OpusEncoder(8000), tone(440.0, 1.2)
    began = time.monotonic() - 1.0
    for number in range(55):
        pcm = sound[number * 320 : (number + 1) * 320]
        payload = encoder.encode(pcm) if codec is OPUS else ulaw_encode(pcm)
        if number != 51:  # up to 50 in time, and the last four together
            taker.take(packet(number, payload, codec), began + 0.02 * min(number, 50))
    assert len(frames) == 51
    async with asyncio.timeout(5):
        await delivered.wait()
    assert len(frames) == 55
    assert taker.concealed + taker.recovered == 1
    assert taker.recovered == (codec is OPUS), "only Opus has a copy of it in the next packet"
    assert share(b"".join(frame.pcm for frame in frames[45:55]), 440.0) > 0.8
    taker.close()


async def test_a_gap_in_mu_law_is_not_silent_and_ends_without_a_click() -> None:
    taker, frames = receiver(PCMU)
    sound = tone(440.0, 1.0)
    for number in range(50):
        if number not in (25, 26):
            pcm = sound[number * 320 : (number + 1) * 320]
            taker.take(packet(number, ulaw_encode(pcm)), number * 0.02)
    samples = np.frombuffer(b"".join(frame.pcm for frame in frames), np.int16).astype(np.int32)
    assert taker.concealed == 2
    assert len(frames) == 50
    assert share(samples[25 * 160 : 27 * 160].astype(np.int16), 440.0) > 0.5
    own = np.abs(np.diff(np.frombuffer(sound, np.int16).astype(np.int32))).max()
    assert np.abs(np.diff(samples)).max() <= 1.25 * own
    taker.close()


async def test_a_road_that_calms_down_is_caught_up_with_in_silence_only() -> None:
    taker, frames = receiver(PCMU)
    quiet, loud = ulaw_encode(bytes(320)), ulaw_encode(tone(440.0, 0.02))
    for number in range(100):
        taker.take(packet(number, loud), 0.02 * number + 0.05)
    for number in range(100, 500):
        taker.take(packet(number, loud), 0.02 * number)
    before = len(frames)
    for number in range(500, 700):
        taker.take(packet(number, quiet), 0.02 * number)
    assert before == 500, "speech is not shortened"
    assert len(frames) - before == 200 - 50 // 20, "as many whole frames as the road is shorter by"
    taker.close()


@pytest.mark.parametrize("peak", [200, 400, 1200])
async def test_a_road_that_calms_down_is_caught_up_with_in_a_noisy_room_too(peak: int) -> None:
    taker, frames = receiver(PCMU)
    chance, loud = np.random.default_rng(1), ulaw_encode(tone(440.0, 0.02))

    def sound(number: int) -> bytes:
        noise = chance.uniform(-peak, peak, 160).astype(np.int16)
        return loud if number % 100 < 60 else ulaw_encode(noise.tobytes())

    for number in range(1200):
        taker.take(packet(number, sound(number)), 0.02 * number + (0.05 if number < 100 else 0.0))
    assert len(frames) == 1200 - 50 // 20, "as many whole frames as the road is shorter by"
    assert sum(frame.payload == loud for frame in frames) == 1200 * 60 // 100, "and no word is touched"
    taker.close()


async def test_foreign_types_and_noise_are_dropped_and_counted() -> None:
    taker, frames = receiver(OPUS)
    for data in (b"", b"\x80", packet(1, bytes(160), PCMU), bytes(100), packet(2, b"", OPUS)):
        taker.take(data)
    assert frames == []
    assert taker.dropped == 4, "an empty one is padding"
    taker.close()
    taker.take(packet(3, OpusEncoder(8000).encode(bytes(320)), OPUS))
    assert frames == [], "and after closing nothing comes any more"


async def test_a_change_of_codec_in_midstream_loses_nothing_and_hardly_clicks() -> None:
    frames: list[Frame] = []
    taker = Receiver((PCMU, OPUS), frames.append, rate=8000)
    encoder, sound, timestamp = OpusEncoder(8000), tone(440.0, 3.0), 5
    for number in range(150):
        codec = (PCMU, OPUS)[number // 30 % 2]
        pcm = sound[number * 320 : (number + 1) * 320]
        payload = ulaw_encode(pcm) if codec is PCMU else encoder.encode(pcm)
        timestamp += codec.clock // 50
        data = serialise_rtp(RtpPacket(codec.payload_type, number, timestamp, 5, payload))
        taker.take(data, number * 0.02)
    assert len(frames) == 150
    assert taker.concealed == taker.recovered == taker.dropped == 0
    assert taker.clock == PCMU.clock
    heard = np.frombuffer(b"".join(frame.pcm for frame in frames), np.int16).astype(np.int32)
    assert share(heard.astype(np.int16), 440.0) > 0.9
    whole = np.abs(heard.reshape(-1, 160)).max(axis=1)
    assert whole.min() > 4000, "no 20 ms without the tone"
    taker.close()


async def test_a_packet_from_before_the_change_is_played_in_its_place() -> None:
    frames: list[Frame] = []
    taker = Receiver((OPUS, PCMU), frames.append, rate=8000)
    encoder, loud = OpusEncoder(8000), tone(440.0, 0.02)
    sent = [RtpPacket(111, n, 960 * n, 5, encoder.encode(loud)) for n in range(40)]
    sent += [RtpPacket(0, n, 39 * 960 + (n - 39) * 160, 5, ulaw_encode(loud)) for n in range(40, 60)]
    order = [*range(38), 40, 39, 38, *range(41, 60)]
    for place, number in enumerate(order):
        taker.take(serialise_rtp(sent[number]), place * 0.02)
    assert taker.dropped == 0
    assert taker.arrivals.received == 60
    assert taker.depth_ms <= 60, "as late as they were, and not six times that"
    assert [frame.codec for frame in frames[-15:]] == [Codec.PCMU] * 15
    taker.close()


async def test_keys_and_padding_are_no_gaps_in_what_is_heard() -> None:
    frames: list[Frame] = []
    presses: list[KeyPress] = []
    taker = Receiver((PCMU,), frames.append, rate=8000, events=(KEYS,), on_key=presses.append)
    writer, number = KeyWriter(), 0

    def take(payload_type: int, at: int, payload: bytes) -> None:
        nonlocal number
        taker.take(serialise_rtp(RtpPacket(payload_type, number, at * 160, 5, payload)), at * 0.02)
        number += 1

    for at in range(100):
        if at % 30 == 10:
            assert writer.press("5")
            while writer.busy:  # together with sound, as some do
                take(126, at, writer.next(8000).payload)
        if at % 7 == 3:
            take(0, at, b"")
        take(0, at, bytes([at]) * 160)
    assert [frame.payload[0] for frame in frames] == list(range(100))
    assert taker.concealed == taker.dropped == 0
    assert [press.key for press in presses if press.new] == ["5"] * 3
    assert taker.arrivals.expected == taker.arrivals.received == number, "but reports count them"
    assert taker.arrivals.jitter == pytest.approx(0.0, abs=0.5)
    taker.close()


async def test_an_announced_pause_counts_as_heard() -> None:
    taker, _ = receiver(OPUS)
    loud = OpusEncoder(8000).encode(tone(440.0, 0.02))
    taker.take(packet(0, loud, OPUS), 1.0)
    assert taker.heard_until == 1.0
    taker.take(packet(1, b"\x08", OPUS), 1.02)
    assert taker.heard_until == pytest.approx(1.42)
    taker.take(packet(21, loud, OPUS), 1.42)
    assert taker.heard_until == 1.42
    taker.close()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=200)), max_size=40))
async def test_any_payload_at_all_never_raises(packets: list[tuple[int, bytes]]) -> None:
    for codec in (OPUS, PCMU):
        taker, frames = receiver(codec)
        for number, payload in packets:
            taker.take(packet(number, payload, codec))
        taker.close()
        assert all(len(frame.pcm) == 320 for frame in frames)


def test_loss_and_jitter_are_figured_as_the_rfc_says() -> None:
    arrivals = Arrivals()
    for number in range(65_500, 65_600):
        if number % 10:
            found = parse_rtp(packet(number, b"x"))
            assert found is not None
            arrivals.note(found, number * 0.02, 8000)
    assert arrivals.expected == 99
    assert arrivals.received == 90
    assert arrivals.interval_loss() == pytest.approx(9 / 99)
    assert arrivals.interval_loss() == 0.0
    assert arrivals.jitter == pytest.approx(0.0, abs=0.5)


async def test_what_is_sent_is_what_is_received() -> None:
    for codec in (OPUS, PCMU):
        sender = Sender(codec)
        taker, frames = receiver(codec)
        sound = tone(440.0, 0.5)
        for at in range(0, len(sound), 320):
            pcm = sound[at : at + 320]
            taker.take(sender.pack(Frame(Codec.L16_8K, pcm, pcm)), at / 16_000)
        assert len(frames) == 25
        assert share(b"".join(frame.pcm for frame in frames[5:]), 440.0) > 0.9
        assert (sender.packets, taker.arrivals.received) == (25, 25)
        taker.close()


def test_a_sender_counts_up_and_marks_the_begin_of_a_stretch() -> None:
    sender = Sender(PCMU)
    packed = [parse_rtp(sender.pack(Frame(Codec.PCMU, bytes(160)))) for _ in range(5)]
    found = [packet for packet in packed if packet is not None]
    assert [packet.marker for packet in found] == [True, False, False, False, False]
    steps = {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(found)}
    times = {(b.timestamp - a.timestamp) & 0xFFFF_FFFF for a, b in pairwise(found)}
    assert (steps, times) == ({1}, {160})
    assert sender.octets == 800
