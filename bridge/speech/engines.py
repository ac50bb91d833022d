"""The speech engines that settings can name."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from bridge.ports import SpeechToText, TextToSpeech, Urgency
from bridge.speech.batch import BatchStream
from bridge.speech.errors import SpeechUnavailable
from bridge.speech.piper_engine import PiperEngine
from bridge.speech.whisper_engine import WhisperEngine

__all__ = [
    "DeepgramAccess",
    "DisabledSpeechToText",
    "DisabledTextToSpeech",
    "PiperEngine",
    "RecogniserEngine",
    "VoiceEngine",
    "WhisperEngine",
    "build_stt",
    "build_tts",
]


class Managed(Protocol):
    """What the composition root needs of an engine beside speech."""

    @property
    def problem(self) -> str | None:
        """Why it is not ready, as a sentence; None while it is."""

    async def start(self) -> None:
        """Begin to load; returns before the engine is ready. Idempotent."""

    async def wait_ready(self) -> None:
        """Return once the engine is ready."""

    async def close(self) -> None:
        """Stop it. Idempotent."""


class RecogniserEngine(SpeechToText, Managed, Protocol):
    """A SpeechToText with its lifecycle."""


class VoiceEngine(TextToSpeech, Managed, Protocol):
    """A TextToSpeech with its lifecycle."""

    def prepare(self, texts: Iterable[str], rate: int) -> None:
        """Make `texts` start at once when they are spoken; returns at once."""


class _Disabled:
    """Always ready, since nothing is missing that was asked for."""

    ready = True
    problem: str | None = None

    async def start(self) -> None:
        """Nothing to start."""

    async def wait_ready(self) -> None:
        """Ready from the beginning."""

    async def close(self) -> None:
        """Nothing to stop."""


class DisabledSpeechToText(_Disabled):
    """Hears nothing: for servers whose calls are transcribed elsewhere, or not at all."""

    def stream(self, rate: int) -> BatchStream:
        """Hears nothing, either."""
        return BatchStream(self.transcribe, rate)

    async def transcribe(self, pcm: bytes, *, rate: int, urgency: Urgency) -> str:
        """Always ""."""
        return ""


class DisabledTextToSpeech(_Disabled):
    """Says nothing."""

    async def speak(self, text: str, *, rate: int) -> AsyncGenerator[bytes, None]:
        """Yield nothing."""
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk

    def prepare(self, texts: Iterable[str], rate: int) -> None:
        """Nothing to prepare."""


def default_threads() -> int:
    """Half of the processors, at most four: the rest is for audio. More gains nothing on small models."""
    return max(1, min(4, (os.cpu_count() or 1) // 2))


@dataclass(frozen=True, slots=True)
class DeepgramAccess:
    """An account with Deepgram, or with a server that speaks its protocol; `url` is its origin."""

    key: str = field(repr=False)
    model: str = "nova-3"
    url: str = "https://api.deepgram.com"


def build_stt(
    kind: str,
    *,
    model: str | None = None,
    language: str = "en",
    deepgram: DeepgramAccess | None = None,
    threads: int | None = None,
    on_change: Callable[[], None] = lambda: None,
) -> RecogniserEngine:
    """The recogniser that `kind` ("whisper", "deepgram" or "none") names, not yet started.

    `model`: Whisper's, path or name, None for the packaged one. `language`: a code, or "auto". Raises
    SpeechUnavailable for any other kind, and for Deepgram without access.
    """
    if kind == "none":
        return DisabledSpeechToText()
    if kind == "whisper":
        return WhisperEngine(
            model, language=language, threads=threads or default_threads(), on_change=on_change
        )
    if kind == "deepgram" and deepgram is not None:
        # Only who uses it waits for its import.
        from bridge.speech.deepgram_engine import DeepgramEngine

        return DeepgramEngine(
            deepgram.key, model=deepgram.model, url=deepgram.url, language=language, on_change=on_change
        )
    if kind == "deepgram":
        raise SpeechUnavailable("Deepgram needs a key: set PATCHBAY_DEEPGRAM_KEY.")
    raise SpeechUnavailable(f"There is no speech recogniser {kind!r}: choose whisper, deepgram or none.")


def build_tts(
    kind: str,
    *,
    voice: str | None = None,
    threads: int | None = None,
    on_change: Callable[[], None] = lambda: None,
) -> VoiceEngine:
    """The voice that `kind` ("piper" or "none") names, not yet started.

    `voice`: path of an .onnx file or name of a voice package, None for the packaged one. Raises
    SpeechUnavailable for any other kind.
    """
    if kind == "none":
        return DisabledTextToSpeech()
    if kind == "piper":
        return PiperEngine(voice, threads=threads or default_threads(), on_change=on_change)
    raise SpeechUnavailable(f"There is no voice {kind!r} in this version: choose piper or none.")
