"""What a terminal operator's microphone sends."""

from __future__ import annotations

import asyncio

from bridge.media.frame import Frame, level_dbfs
from bridge.ports import Codec
from signaling.terminal.microphone import ECHO_MS, FRAME_BYTES, Microphone
from tests.harness.tones import share, tone


def frames(microphone: Microphone, count: int) -> list[Frame]:
    return [microphone.frame() for _ in range(count)]


def test_a_quiet_room_is_quiet_but_not_taken_for_a_muted_microphone() -> None:
    sent = frames(Microphone(), 200)

    assert all(frame.audible for frame in sent)
    assert -68 < level_dbfs(b"".join(frame.pcm for frame in sent)) < -62


def test_what_is_said_comes_at_once_and_whole_and_then_the_room_again() -> None:
    microphone = Microphone()
    microphone.say(tone(440.0, 0.5))

    sent = b"".join(frame.pcm for frame in frames(microphone, 25))

    assert share(sent, 440.0) > 0.99
    assert level_dbfs(microphone.frame().pcm) < -55


async def test_it_tells_when_everything_has_been_said() -> None:
    microphone = Microphone()
    microphone.say(bytes(FRAME_BYTES * 2 + 2))
    waiting = asyncio.create_task(microphone.spoken())
    frames(microphone, 2)
    await asyncio.sleep(0)
    assert not waiting.done()
    microphone.frame()
    await waiting


def test_an_echo_comes_half_a_second_later() -> None:
    microphone = Microphone(echo=True)
    loud, late = Frame(Codec.L16_8K, tone(440.0, 0.02)), []
    for place in range(100):
        microphone.hear(loud if place == 0 else Frame(Codec.L16_8K, bytes(FRAME_BYTES)))
        if level_dbfs(microphone.frame().pcm) > -30:
            late.append(place * 20)
    assert late == [ECHO_MS]


def test_without_echo_nothing_comes_back() -> None:
    microphone = Microphone()
    for _ in range(60):
        microphone.hear(Frame(Codec.L16_8K, tone(440.0, 0.02)))
        assert level_dbfs(microphone.frame().pcm) < -55


def test_hushed_it_says_nothing_more() -> None:
    microphone = Microphone(echo=True)
    microphone.say(tone(440.0, 5.0))
    for _ in range(50):
        microphone.hear(Frame(Codec.L16_8K, tone(440.0, 0.02)))
    microphone.hush()
    assert all(level_dbfs(frame.pcm) < -55 for frame in frames(microphone, 60))
