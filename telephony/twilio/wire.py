"""Twilio's stream messages as values, and ours as bytes. Sans-IO.

Shapes: twilio.com/docs/voice/media-streams/websocket-messages. Numbers arrive as strings; numbers
proper are taken too. Nothing here raises on what the other side sent.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import orjson

ENCODING = "audio/x-mulaw"
RATE = 8000
CHANNELS = 1
MAX_ID = 200
"""Longest stream id, call id, mark name or caller field that is taken."""
_MAX_DIGITS = 20
_DTMF = frozenset("0123456789*#ABCD")
_MEDIA_TAIL = b'"}}'
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Connected:
    """The socket is open; nothing may be sent before Start."""

    protocol: str
    version: str


@dataclass(frozen=True, slots=True)
class Start:
    """The stream begins. `parameters` are the TwiML's `<Parameter>`s; `rate` in Hz."""

    stream_sid: str
    call_sid: str
    account_sid: str
    encoding: str = ENCODING
    rate: int = RATE
    channels: int = CHANNELS
    parameters: Mapping[str, str] = field(default_factory=dict)


class Media(NamedTuple):
    """Audio of any length in the stream's encoding.

    A tuple, since 50 a second are made for each call and a frozen dataclass takes four times as long.
    """

    stream_sid: str
    payload: bytes
    track: str


@dataclass(frozen=True, slots=True)
class Dtmf:
    """The caller pressed `digit`: one of 0-9 * # A-D."""

    stream_sid: str
    digit: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything sent before our mark `name` was played or cleared."""

    stream_sid: str
    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The end: the caller hung up or the stream was stopped. Nothing follows."""

    stream_sid: str
    call_sid: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """Not a message; `reason` says why in a few words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A well-formed message of an event that is not known here."""

    event: str


Event = Connected | Start | Media | Dtmf | Mark | Stop


class _Bad(Exception):
    """Raised within this module only; becomes a Malformed."""


def parse(message: str | bytes) -> Event | Malformed | Unsupported:
    """What one WebSocket text message says; never raises."""
    try:
        document = orjson.loads(message)
    except (orjson.JSONDecodeError, RecursionError):
        # orjson refuses deep nesting, NaN and broken UTF-8 the same way.
        return Malformed("not JSON")
    if not isinstance(document, dict):
        return Malformed("not an object")
    event = document.get("event")
    if not isinstance(event, str):
        return Malformed("no event")
    reader = _READERS.get(event)
    if reader is None:
        return Unsupported(event[:MAX_ID])
    try:
        return reader(document)
    except _Bad as bad:
        return Malformed(f"{event}: {bad}")


def media(stream_sid: str, payload: bytes) -> bytes:
    """Our `media` message: raw µ-law at 8 kHz, any length."""
    return _media_head(stream_sid) + binascii.b2a_base64(payload, newline=False) + _MEDIA_TAIL


@lru_cache(maxsize=1024)
def _media_head(stream_sid: str) -> bytes:
    """What stands before the payload, the same in all messages of a stream."""
    whole = orjson.dumps({"event": "media", "streamSid": stream_sid, "media": {"payload": ""}})
    return whole.removesuffix(_MEDIA_TAIL)


def mark(stream_sid: str, name: str) -> bytes:
    """Our `mark` message; comes back when what was sent before it has been played or cleared."""
    return orjson.dumps({"event": "mark", "streamSid": stream_sid, "mark": {"name": name}})


def clear(stream_sid: str) -> bytes:
    """Our `clear` message; Twilio drops its buffer and returns every pending mark."""
    return orjson.dumps({"event": "clear", "streamSid": stream_sid})


def _connected(document: dict[str, Any]) -> Connected:
    return Connected(_text(document, "protocol", ""), _text(document, "version", ""))


def _start(document: dict[str, Any]) -> Start:
    body = _object(document, "start")
    form = body.get("mediaFormat", {})
    if not isinstance(form, dict):
        raise _Bad("mediaFormat is not an object")
    return Start(
        stream_sid=_id(document if "streamSid" in document else body, "streamSid"),
        call_sid=_id(body, "callSid"),
        account_sid=_text(body, "accountSid", ""),
        encoding=_text(form, "encoding", ENCODING),
        rate=_number(form, "sampleRate", RATE),
        channels=_number(form, "channels", CHANNELS),
        parameters=_parameters(body.get("customParameters")),
    )


def _media(document: dict[str, Any]) -> Media:
    body = _object(document, "media")
    # Chunk and timestamp are left alone: sound is played in the order in which it comes.
    encoded = body.get("payload")
    if not isinstance(encoded, str):
        raise _Bad("no payload")
    try:
        payload = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:  # binascii.Error is one; text outside ASCII is another
        raise _Bad("payload is not base64") from None
    return Media(_text(document, "streamSid", ""), payload, _text(body, "track", "inbound"))


def _dtmf(document: dict[str, Any]) -> Dtmf:
    digit = _text(_object(document, "dtmf"), "digit").upper()
    if digit not in _DTMF:
        raise _Bad("not a key of a telephone")
    return Dtmf(_text(document, "streamSid", ""), digit)


def _mark(document: dict[str, Any]) -> Mark:
    return Mark(_text(document, "streamSid", ""), _text(_object(document, "mark"), "name"))


def _stop(document: dict[str, Any]) -> Stop:
    body = document.get("stop", {})
    if not isinstance(body, dict):
        raise _Bad("stop is not an object")
    return Stop(_text(document, "streamSid", ""), _text(body, "callSid", ""))


_READERS: dict[str, Callable[[dict[str, Any]], Event]] = {
    "connected": _connected,
    "start": _start,
    "media": _media,
    "dtmf": _dtmf,
    "mark": _mark,
    "stop": _stop,
}


def _object(document: dict[str, Any], key: str) -> dict[str, Any]:
    body = document.get(key)
    if not isinstance(body, dict):
        raise _Bad(f"{key} is not an object")
    return body


def _text(document: dict[str, Any], key: str, default: str | None = None) -> str:
    value = document.get(key, default)
    if not isinstance(value, str):
        raise _Bad(f"{key} is not text")
    return value


def _id(document: dict[str, Any], key: str) -> str:
    value = _text(document, key)
    if not 0 < len(value) <= MAX_ID or not value.isprintable():
        raise _Bad(f"{key} is empty, too long or not printable")
    return value


def _number(document: dict[str, Any], key: str, default: T) -> int | T:
    value = document.get(key, default)
    if value is default:
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS:
        return int(value)
    raise _Bad(f"{key} is not a number")


def _parameters(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Bad("customParameters is not an object")
    # Twilio sends text only; a program that imitates it may send a number for an id.
    return {
        key: str(item)
        for key, item in value.items()
        if isinstance(item, (str, int)) and not isinstance(item, bool)
    }
