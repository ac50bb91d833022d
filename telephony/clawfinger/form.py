"""The forms that the phone app posts: parts in any order, texts cut to eight bits, audio in one piece."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, replace

from aiohttp import BodyPartReader, ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from telephony.errors import TelephonyError

MAX_AUDIO = 4 * 1024 * 1024
_MAX_TEXT = 8 * 1024
_MAX_PARTS = 32
_MAX_JSON = 64 * 1024
_CHUNK = 64 * 1024
_URLENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_TRUE = b"true"
_WITHIN = 30.0
"""Seconds that a form may take to arrive: the app has given up by then."""
_BROKEN = (
    ValueError,
    LookupError,
    RuntimeError,
    AssertionError,
    ConnectionError,
    HttpProcessingError,
    ClientError,
    web.HTTPException,
    web.RequestPayloadError,
)
"""What aiohttp's readers raise where boundaries, headers, encodings or the connection are broken."""


class BadForm(TelephonyError):
    """A request that is not the form it has to be."""

    code = "bad_form"


@dataclass(frozen=True, slots=True)
class TurnForm:
    """One posted turn. `forced_reply` is as it came, since only the greeting's known text can mend it."""

    audio: bytes
    session_id: str = ""
    reset: bool = False
    transcript_hint: str = ""
    skip_asr: bool = False
    forced_reply: bytes = b""
    number: str = ""
    outgoing: bool = False

    @property
    def key(self) -> bytes:
        """The same for a turn that is posted again."""
        said = self.transcript_hint.encode() if self.skip_asr else b""
        return hashlib.sha256(b"\0".join((self.forced_reply, said, self.audio))).digest()

    def greeting(self) -> TurnForm:
        """The same as a turn that asks for the greeting, whose text is only hinted at."""
        return replace(self, forced_reply=self.transcript_hint.encode() or b"\xff")


def as_text(raw: bytes) -> str:
    """UTF-8 where it can be, else a character a byte; stripped, without control characters."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return "".join(character if character.isprintable() else " " for character in text).strip()


async def read_turn(request: web.Request) -> TurnForm:
    """The turn that was posted. Raises BadForm."""
    parts = await read_parts(request)
    if "audio" not in parts:
        raise BadForm("The form has no part named `audio`.")
    return TurnForm(
        audio=parts["audio"],
        session_id=as_text(parts.get("session_id", b"")),
        reset=_flag(parts, "reset_session"),
        transcript_hint=as_text(parts.get("transcript_hint", b"")),
        skip_asr=_flag(parts, "skip_asr"),
        forced_reply=parts.get("forced_reply", b"").strip(),
        number=as_text(parts.get("caller_number", b""))[:64],
        outgoing=parts.get("call_direction", b"").strip().lower() == b"outgoing",
    )


async def read_session_id(request: web.Request) -> str:
    """The `session_id` that was posted, in a form or as JSON; "" where there is none. Raises BadForm."""
    if request.content_type in (_URLENCODED, _MULTIPART):
        return as_text((await read_parts(request)).get("session_id", b""))
    given = (await read_object(request)).get("session_id")
    return given if isinstance(given, str) else ""


async def read_object(request: web.Request) -> dict[str, object]:
    """The request's body, one JSON object. Raises BadForm."""
    body = await request.content.read(_MAX_JSON + 1)
    while len(body) <= _MAX_JSON and (more := await request.content.read(_MAX_JSON)):
        body += more
    if len(body) > _MAX_JSON:
        raise BadForm(f"The body is larger than {_MAX_JSON} bytes.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadForm("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise BadForm("The body must be a JSON object.")
    return found


async def read_parts(request: web.Request) -> dict[str, bytes]:
    """The form's parts by name; of two with one name the last. Raises BadForm."""
    try:
        async with asyncio.timeout(_WITHIN):
            if request.content_type == _URLENCODED:
                fields = (await request.post()).items()
                return {name: value.encode() for name, value in fields if isinstance(value, str)}
            return await _read_multipart(request)
    except TimeoutError:
        raise BadForm(f"The form did not come within {_WITHIN:g} s.") from None
    except web.HTTPRequestEntityTooLarge:
        raise
    except _BROKEN as error:
        raise BadForm("The form cannot be read.") from error


async def _read_multipart(request: web.Request) -> dict[str, bytes]:
    if request.content_type != _MULTIPART:
        raise BadForm("The request must be a multipart/form-data form.")
    parts: dict[str, bytes] = {}
    reader = await request.multipart()
    count = 0
    while (part := await reader.next()) is not None:
        count += 1
        if not isinstance(part, BodyPartReader) or count > _MAX_PARTS:
            raise BadForm("The form has parts that do not belong into it.")
        name = part.name or ""
        parts[name] = await _read(part, name, MAX_AUDIO if name == "audio" else _MAX_TEXT)
    return parts


async def _read(part: BodyPartReader, name: str, most: int) -> bytes:
    body = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        body += chunk
        if len(body) > most:
            raise BadForm(f"The part `{name[:40]}` is larger than {most} bytes.")
    return bytes(body)


def _flag(parts: dict[str, bytes], name: str) -> bool:
    return parts.get(name, b"").strip().lower() == _TRUE
