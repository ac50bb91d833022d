"""Late transcription: the texts of what could not be recognised in its time, when there is time for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from bridge.errors import BridgeError
from bridge.media.g711 import ulaw_decode
from bridge.ports import Urgency
from bridge.speech.errors import SpeechFailed
from bridge.thread.backlog import Backlog
from bridge.thread.backlog_store import KeptAudio

log = structlog.get_logger()

MOST_FAILURES: Final = 3
"""Times that a recogniser may die of the same audio, or refuse it."""

PASSED_OVER_S: Final = 5.0
"""Not at once again: a machine in trouble kills recognisers too, and not because of what they hear."""


class Recogniser(Protocol):
    """What this needs of an engine: see SpeechToText, and an end to waiting for it."""

    async def transcribe(self, pcm: bytes, *, rate: int, urgency: Urgency) -> str:
        """Text of `pcm`. Raises SpeechUnavailable, and SpeechFailed where the audio itself is the cause."""

    async def wait_ready(self) -> None:
        """Return once the engine is ready."""


class LateTranscription:
    """Works through the backlog, oldest first and one at a time, while `run` runs.

    `clean` is what every text goes through before it is stored; `passed_over_s`: how long audio that a
    recogniser failed on waits for its next turn, doubled each time.
    """

    def __init__(
        self,
        backlog: Backlog,
        stt: Recogniser,
        *,
        clean: Callable[[str], str] = lambda text: text,
        passed_over_s: float = PASSED_OVER_S,
    ) -> None:
        self._backlog = backlog
        self._stt = stt
        self._clean = clean
        self._passed_over_s = passed_over_s

    async def run(self) -> None:
        """Write late texts until cancelled. What is being recognised then stays in the backlog."""
        delay = 1.0
        while True:
            row_id, due = self._backlog.next_due()
            if row_id is None:
                await self._wait_until(due)
                continue
            await self._stt.wait_ready()
            try:
                row = await self._backlog.load(row_id)
                if row is not None:
                    await self._recognise(row)
            except BridgeError as error:
                log.info("late_text_waits", code=error.code, error=error.message)
            except Exception:  # the owned task's outer boundary: one row must not end the rest
                log.exception("late_text_failed_unexpectedly", message_id=row_id)
            else:
                delay = 1.0
                continue
            await asyncio.sleep(delay)
            delay = min(delay * 2, 30.0)

    async def _recognise(self, row: KeptAudio) -> None:
        """Write one row's text. Raises BridgeError where it is to be tried again, as the next one then."""
        pcm = ulaw_decode(row.audio)
        try:
            text = await self._stt.transcribe(pcm, rate=row.rate, urgency=Urgency.LATE)
        except SpeechFailed:
            await self._failed(row)
        except BridgeError:
            raise
        except (
            Exception
        ):  # whatever an engine's answer broke: the rows behind this one are not to wait for it
            log.exception("late_text_failed_unexpectedly", message_id=row.draft.id)
            await self._failed(row)
        else:
            await self._backlog.write(row, self._clean(text))

    async def _failed(self, row: KeptAudio) -> None:
        failures = row.attempts + 1
        log.warning("late_text_failed", message_id=row.draft.id, failures=failures)
        if failures >= MOST_FAILURES:
            await self._backlog.give_up(row)
        else:
            await self._backlog.pass_over(row, self._passed_over_s * 2.0**row.attempts)

    async def _wait_until(self, due: float) -> None:
        try:
            async with asyncio.timeout(None if due == float("inf") else due - time.monotonic()):
                await self._backlog.wait()
        except TimeoutError:
            pass
