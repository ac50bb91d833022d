"""Texts of posted recordings: the app posts each one twice, and it is recognised once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from bridge.ports import SpeechToText, Urgency
from telephony.clawfinger.once import Once
from telephony.clawfinger.wav import Wav

_KEPT = 64


class Transcripts:
    """Remembers the texts of the last 64 recordings by their bytes. What failed is not remembered."""

    def __init__(self, stt: SpeechToText) -> None:
        self._stt = stt
        self._texts: OrderedDict[bytes, str] = OrderedDict()
        self._once: Once[str] = Once()
        self.recognised = 0
        """How many recordings went to the recogniser."""

    async def text(self, recording: bytes, speech: Wav) -> str:
        """What is said in `recording`, a file whose sound is `speech`; "" for nothing.

        Raises SpeechUnavailable.
        """
        key = hashlib.sha256(recording).digest()
        if key in self._texts:
            self._texts.move_to_end(key)
            return self._texts[key]
        return await self._once.do(key, lambda: self._recognise(key, speech))

    async def _recognise(self, key: bytes, speech: Wav) -> str:
        self.recognised += 1
        text = await self._stt.transcribe(speech.pcm, rate=speech.rate, urgency=Urgency.TURN)
        self._texts[key] = text
        while len(self._texts) > _KEPT:
            self._texts.popitem(last=False)
        return text
