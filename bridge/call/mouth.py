"""The bot's voice on one line: text to speech, into the thread as far as the caller heard it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import structlog

from bridge.call.playout import Played, Playout
from bridge.ports import Speaker, TextToSpeech
from bridge.speech.canned import APOLOGY
from bridge.speech.errors import SpeechUnavailable
from bridge.thread.writer import CallThread

log = structlog.get_logger()

_WORDS_PER_SECOND = 4.0
"""Pace of a telephone voice, for a sentence that was cut before its length was known. The packaged one says
4 to 5: rather a word too few than one that was not heard."""


class Mouth:
    """Says one text at a time on one line."""

    def __init__(
        self,
        playout: Playout,
        tts: TextToSpeech,
        thread: CallThread,
        *,
        rate: int,
        on_first_audio: Callable[[], None],
        on_said: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._playout, self._tts, self._thread = playout, tts, thread
        self._rate = rate
        self._on_first_audio, self._on_said = on_first_audio, on_said
        self._turn = asyncio.Lock()
        self._apologised = False
        self.speaker: Speaker | None = None
        """In whose name something is being said, None in silence."""

    @property
    def speaking(self) -> bool:
        """True while the caller hears speech of ours."""
        return self._playout.speaking

    def cut(self) -> bool:
        """Stop speaking at once; False where nothing was being said."""
        return self._playout.cut_speech()

    async def say(
        self,
        text: str,
        *,
        speaker: Speaker = "bot",
        name: str | None = None,
        may: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Speak `text` to its end; False where it was cut. In the thread it stands as far as it was heard.

        Two texts at once are said one after the other; one that by then does not apply, which `may` tells,
        is not said at all. Where no voice is to be had the text still goes into the thread, at once.
        """
        async with self._turn:
            return may() and await self._say(text, speaker, name)

    async def _say(self, text: str, speaker: Speaker, name: str | None) -> bool:
        started = self._thread.now()
        utterance = self._thread.open(speaker, name, started)

        def begin() -> None:
            self._thread.partial(utterance, text)
            self._on_first_audio()

        self._apologised, self.speaker = False, speaker
        chunks = self._chunks(text)
        try:
            return not (await self._playout.play(chunks, begin)).cut
        finally:
            self.speaker = None
            await chunks.aclose()
            said = _heard(APOLOGY if self._apologised else text, self._playout.last)
            self._thread.close(utterance, said, self._thread.now())
            self._on_said(said)

    async def _chunks(self, text: str) -> AsyncGenerator[bytes, None]:
        """Speech of `text`; where the voice is down, an apology that was synthesised beforehand."""
        for attempt in (text, APOLOGY):
            try:
                async with aclosing(self._tts.speak(attempt, rate=self._rate)) as speech:
                    async for chunk in speech:
                        yield chunk
                return
            except SpeechUnavailable as error:
                log.warning("speech_unavailable", code=error.code)
                self._apologised = True


def _heard(text: str, played: Played) -> str:
    """The words of `text` that the caller heard before it was cut; all of it where it was not."""
    if not played.cut:
        return text
    words = text.split()
    if played.complete and played.total_ms:
        count = round(len(words) * played.heard_ms / played.total_ms)
    else:
        count = round(played.heard_ms / 1000 * _WORDS_PER_SECOND)
    if count >= len(words):
        return text
    return " ".join(words[:count]) + "…" if count else ""
