"""What can go wrong with speech, as the call sees it."""

from __future__ import annotations

from bridge.errors import BridgeError


class SpeechUnavailable(BridgeError):
    """The engine cannot answer now; the call goes on without it."""

    code = "speech_unavailable"


class SpeechFailed(SpeechUnavailable):
    """The engine died of this audio or refused it: trying again is not likely to help."""


class Shed(BridgeError):
    """Speech work of low urgency was dropped so that more urgent work is served in time."""

    code = "shed"
