"""A voice and a recogniser of the command's own, in worker processes, and sound files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Protocol, TypeVar

import av

from bridge.media.frame import level_dbfs
from bridge.ports import FRAME_MS
from bridge.speech.engines import RecogniserEngine, VoiceEngine, build_stt, build_tts
from signaling.settings import Settings
from signaling.terminal.errors import TerminalError
from signaling.terminal.turns import SPEECH_DBFS

RATE = 8000
_FRAME = RATE * FRAME_MS // 1000 * 2
_MOST_SECONDS = 600


class _Loads(Protocol):
    @property
    def ready(self) -> bool: ...

    @property
    def problem(self) -> str | None: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...


_Engine = TypeVar("_Engine", bound=_Loads)


async def open_voice(settings: Settings, stack: AsyncExitStack) -> VoiceEngine:
    """A loaded voice, closed with `stack`. Raises TerminalError with what is missing."""
    name = settings.piper_voice
    return await _load(lambda changed: build_tts("piper", voice=name, on_change=changed), stack)


async def open_recogniser(settings: Settings, stack: AsyncExitStack) -> RecogniserEngine:
    """A loaded recogniser, closed with `stack`. Raises TerminalError with what is missing."""
    model = settings.whisper_model
    return await _load(lambda changed: build_stt("whisper", model=model, on_change=changed), stack)


async def _load(build: Callable[[Callable[[], None]], _Engine], stack: AsyncExitStack) -> _Engine:
    changed = asyncio.Event()
    engine = build(changed.set)
    stack.push_async_callback(engine.close)
    await engine.start()
    await changed.wait()  # the first change is either that it is ready, or that it gave up once
    if not engine.ready:
        raise TerminalError(engine.problem or "A speech engine cannot be loaded.", code="speech_unavailable")
    return engine


async def open_both(settings: Settings, stack: AsyncExitStack) -> tuple[VoiceEngine, RecogniserEngine]:
    """Both engines, loaded side by side. Raises TerminalError with what is missing."""
    voice, recogniser = await asyncio.gather(
        open_voice(settings, stack), open_recogniser(settings, stack), return_exceptions=True
    )
    if isinstance(voice, BaseException):
        raise voice
    if isinstance(recogniser, BaseException):
        raise recogniser
    return voice, recogniser


async def synthesise(voice: VoiceEngine, text: str) -> bytes:
    """`text` as s16le mono at 8 kHz. Raises SpeechUnavailable."""
    async with aclosing(voice.speak(text, rate=RATE)) as chunks:
        return b"".join([chunk async for chunk in chunks])


def trimmed(pcm: bytes) -> bytes:
    """`pcm` (s16le mono, 8 kHz) without the silence around it: where it ends, speech ends."""
    frames = [pcm[at : at + _FRAME] for at in range(0, len(pcm), _FRAME)]
    loud = [place for place, frame in enumerate(frames) if level_dbfs(frame) >= SPEECH_DBFS]
    return b"".join(frames[loud[0] : loud[-1] + 1]) if loud else b""


async def load_sound(path: Path) -> bytes:
    """A sound file of any rate and channels as s16le mono at 8 kHz. Raises TerminalError."""
    return await asyncio.to_thread(read_sound, path)


def read_sound(path: Path) -> bytes:
    """As `load_sound`; blocks."""
    if not path.is_file():
        raise TerminalError(f"There is no sound file {path}.", code="no_such_file")
    try:
        pcm = _decode(path)
    except (av.error.FFmpegError, OSError) as error:
        raise TerminalError(f"{path} is not a sound file that can be read.", code="bad_sound") from error
    if not pcm:
        raise TerminalError(f"There is no sound in {path}.", code="bad_sound")
    return pcm


def _decode(path: Path) -> bytes:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    pcm = bytearray()
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return b""
        for frame in container.decode(audio=0):
            for out in resampler.resample(frame):
                pcm += out.to_ndarray().tobytes()
            if len(pcm) > _MOST_SECONDS * RATE * 2:
                raise TerminalError(f"{path} is longer than ten minutes.", code="bad_sound")
    for out in resampler.resample(None):
        pcm += out.to_ndarray().tobytes()
    return bytes(pcm)
