"""Texts in what clients send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.errors import BridgeError

MOST = 2000
"""Longest text that is taken, in characters."""


def optional_text(payload: Mapping[str, Any], key: str) -> str | None:
    """The text at `key` without blanks around it, None where there is none; raises `bad_request`."""
    value = payload.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MOST or not is_unicode(value):
        raise BridgeError(f"`{key}` must be a text of at most {MOST} characters.", code="bad_request")
    return value.strip() or None


def flag(payload: Mapping[str, Any], key: str) -> bool:
    """The true or false at `key`; raises `bad_request` for anything else."""
    value = payload.get(key)
    if not isinstance(value, bool):
        raise BridgeError(f"`{key}` must be true or false.", code="bad_request")
    return value


def is_unicode(text: str) -> bool:
    """True unless it has half a surrogate pair or a NUL: JSON can carry them, databases cannot take them."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
