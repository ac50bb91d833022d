"""Deepgram as the call's ear, by its own SDK.

What the SDK (7.17) leaves to us: it does not reconnect (its `reconnect` flag only declares an intention),
sends no KeepAlive by itself, has no parameter for filler words on a stream (it is handed through), and
bounds neither connecting nor closing.
"""

from __future__ import annotations

import asyncio
import io
import random
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import structlog
from deepgram import AsyncDeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.environment import DeepgramClientEnvironment
from deepgram.listen.v1.socket_client import AsyncV1SocketClient
from pydantic import ValidationError
from websockets.exceptions import WebSocketException

from bridge.ports import Urgency
from bridge.speech.deepgram_stream import DeepgramStream
from bridge.speech.errors import SpeechFailed, SpeechUnavailable
from bridge.tasks import TaskOwner

log = structlog.get_logger()

_CONNECT_S = 5.0
_CLOSE_S = 2.0
_RETRY_S = 5.0
_REFUSED_RETRY_S = 60.0
_ANSWER_S = {Urgency.TURN: 5.0, Urgency.FINAL: 30.0, Urgency.LATE: 30.0, Urgency.PARTIAL: 5.0}

_REASONS = {
    400: "Deepgram refused what was asked for: check PATCHBAY_DEEPGRAM_MODEL and PATCHBAY_LANGUAGE.",
    401: "Deepgram refused the key: check PATCHBAY_DEEPGRAM_KEY.",
    402: "Deepgram refused: the account has no credit left.",
    403: "Deepgram refused the key for this model: check PATCHBAY_DEEPGRAM_KEY and PATCHBAY_DEEPGRAM_MODEL.",
    429: "Deepgram refused: too many connections at once for this account.",
}
_HOPELESS = frozenset({400, 401, 402, 403})
_OF_THE_AUDIO = frozenset({400, 413, 415, 422})


class DeepgramEngine:
    """A SpeechToText in Deepgram's cloud, or at `url`. One connection for each stream."""

    def __init__(
        self,
        key: str,
        *,
        model: str,
        url: str,
        language: str = "en",
        keep_alive_s: float = 4.0,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.problem: str | None = "Deepgram was not asked yet."
        self.hopeless = False
        self.keep_alive_s = keep_alive_s
        self._on_change = on_change
        self._model, self._language = model, "multi" if language == "auto" else language
        self._http = httpx.AsyncClient()
        parts = urlsplit(url)
        secure = parts.scheme in ("https", "wss")
        base = f"{'https' if secure else 'http'}://{parts.netloc}"
        socket = f"{'wss' if secure else 'ws'}://{parts.netloc}"
        where = DeepgramClientEnvironment(base=base, production=socket, agent=socket, agent_rest=base)
        self._client = AsyncDeepgramClient(api_key=key, environment=where, httpx_client=self._http)
        self._tasks = TaskOwner("deepgram")
        self._changed = asyncio.Event()
        self._started = False

    @property
    def ready(self) -> bool:
        """True while the last connection that was asked for was granted."""
        return self.problem is None

    async def start(self) -> None:
        """Begin to ask whether the key is good; returns at once. Idempotent."""
        if not self._started:
            self._started = True
            self._tasks.start(self._watch(), "watch")

    async def wait_ready(self) -> None:
        """Return once Deepgram has granted a connection."""
        while not self.ready:
            self._changed.clear()
            await self._changed.wait()

    async def close(self) -> None:
        """End every stream. Idempotent."""
        await self._tasks.close()
        await self._http.aclose()

    def stream(self, rate: int) -> DeepgramStream:
        """See SpeechToText."""
        stream = DeepgramStream(self, rate)
        self._tasks.start(stream.run(), "stream")
        return stream

    async def transcribe(self, pcm: bytes, *, rate: int, urgency: Urgency) -> str:
        """See SpeechToText: for audio that was recorded before, by Deepgram's prerecorded service."""
        if len(pcm) % 2:
            raise ValueError(f"pcm must be whole samples, not {len(pcm)} bytes")
        if not pcm:
            return ""
        try:
            async with asyncio.timeout(_ANSWER_S[urgency]):
                reply = await self._client.listen.v1.media.transcribe_file(
                    request=_wav(pcm, rate),
                    model=self._model,
                    language=self._language,
                    smart_format=True,
                    filler_words=True,
                    request_options={"max_retries": 0},
                )
        except ApiError as error:
            if error.status_code in _OF_THE_AUDIO:
                raise SpeechFailed("Deepgram refused this audio.") from None
            raise self._failed(error) from None
        except (OSError, httpx.HTTPError, TimeoutError, ValidationError) as error:
            raise self._failed(error) from None
        try:
            return str(reply.results.channels[0].alternatives[0].transcript).strip()
        except (AttributeError, IndexError, TypeError):
            raise SpeechUnavailable("Deepgram's answer has no text in it.") from None

    @asynccontextmanager
    async def connect(self, rate: int) -> AsyncIterator[AsyncV1SocketClient]:
        """See Link."""
        connecting = self._client.listen.v1.connect(
            model=self._model,
            language=self._language,
            encoding="linear16",
            sample_rate=rate,
            channels=1,
            interim_results="true",
            smart_format="true",
            # The segmenter says where an utterance ends; a Finalize then always has something to answer.
            endpointing="false",
            request_options={"additional_query_parameters": {"filler_words": "true"}},
        )
        try:
            async with asyncio.timeout(_CONNECT_S):
                socket = await connecting.__aenter__()
        except (ApiError, WebSocketException, OSError, TimeoutError) as error:
            raise self._failed(error) from None
        self._set(None, hopeless=False)
        try:
            yield socket
        except (WebSocketException, OSError) as error:
            raise SpeechUnavailable(f"The connection to Deepgram was lost: {error}") from None
        finally:
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await connecting.__aexit__(None, None, None)
            except (WebSocketException, OSError, TimeoutError) as error:
                log.info("deepgram_close", error=repr(error))

    async def _watch(self) -> None:
        """Ask until Deepgram answers, and again whenever it has stopped to."""
        while True:
            if self.ready:
                self._changed.clear()
                await self._changed.wait()
                continue
            try:
                async with self.connect(16000) as socket:
                    await socket.send_close_stream()
            except SpeechUnavailable as error:
                log.warning("deepgram_not_ready", error=error.message)
                wait = _REFUSED_RETRY_S if self.hopeless else _RETRY_S
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))

    def _failed(self, error: Exception) -> SpeechUnavailable:
        status = error.status_code if isinstance(error, ApiError) else None
        if status is not None:
            sentence = _REASONS.get(status, f"Deepgram answered with HTTP status {status}.")
        elif isinstance(error, TimeoutError | httpx.TimeoutException):
            sentence = "Deepgram did not answer in time."
        else:
            sentence = f"Deepgram cannot be reached: {error}."
        self._set(sentence, hopeless=status in _HOPELESS)
        return SpeechUnavailable(sentence)

    def _set(self, problem: str | None, *, hopeless: bool) -> None:
        changed, self.problem, self.hopeless = problem != self.problem, problem, hopeless
        if changed:
            self._changed.set()
            self._on_change()


def _wav(pcm: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()
