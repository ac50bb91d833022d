"""How the bot speaks and thinks, as the agents' surface shows it. It is set at the start, and not later."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.errors import BridgeError
from signaling.settings import Settings


def tts_view(settings: Settings) -> dict[str, object]:
    """`{voice, speed, model, voices}`."""
    voice = settings.piper_voice or "default"
    return {"voice": voice, "speed": 1.0, "model": settings.tts, "voices": {}}


def llm_view(settings: Settings) -> dict[str, object]:
    """`{model, base_url, has_api_key, is_local}`; the model is "" where there is none."""
    return {
        "model": (settings.llm_model or "default") if settings.llm_url else "",
        "base_url": settings.llm_url or "",
        "has_api_key": settings.llm_key is not None,
        "is_local": False,
    }


def refuse_changes(view: Mapping[str, object], wanted: Mapping[str, object], setting: str) -> None:
    """Raise BridgeError `not_changeable` where `wanted` is not what `view` has already."""
    for key, value in wanted.items():
        if key not in view:
            raise BridgeError(f"There is no `{key[:80]}` here.", code="bad_request")
        if value != view[key]:
            message = f"`{key}` is {view[key]!r}; it is set by {setting}, and changes with a new start."
            raise BridgeError(message, code="not_changeable")
