"""The Clawfinger phone app as the gateway sees it: what it posts, what it reads, and what it ignores."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import socket
import uuid
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

UTTERANCE_RATE = 24_000
GREETING_RATE = 16_000
_RECAPTURE_S = 0.260
_TIMEOUT = aiohttp.ClientTimeout(sock_connect=20, sock_read=45)


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one turn. `played`: the sound (s16le mono at `rate` Hz), None where nothing was played."""

    reply: str
    played: bytes | None
    rate: int
    body: dict[str, Any]


def wav_file(pcm: bytes, rate: int) -> bytes:
    """A recording as the app makes it: PCM16 mono."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm)
    return file.getvalue()


_SILENCE = wav_file(bytes(GREETING_RATE * 3 // 10 * 2), GREETING_RATE)
"""What goes with the greeting."""


def write_bytes(text: str) -> bytes:
    """Java's DataOutputStream.writeBytes: of each char the lower eight bits."""
    units = text.encode("utf-16-be")
    return bytes(units[at + 1] for at in range(0, len(units), 2))


def suppressed(reply: str) -> bool:
    """True for replies that the app takes for a failed recognition and does not play."""
    low = reply.lower()
    return "could not hear that clearly" in low or ("hear" in low and "please try again" in low)


class SimulatedPhone:
    """One phone with one call. Use as `async with`."""

    def __init__(
        self, url: str, *, number: str = "+4930123456", direction: str = "incoming", bearer: str = "localdev"
    ) -> None:
        self.url, self.number, self.direction = url, number, direction
        self.session_id = ""
        self.on_call = False
        self.turns: list[Turn] = []
        self.silent_recaptures = 0
        self._headers = {"Authorization": f"Bearer {bearer}"}
        self._greeting, self._time_over = "", ""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    @property
    def heard(self) -> list[str]:
        """The replies that were played."""
        return [turn.reply for turn in self.turns if turn.played is not None]

    async def ring(self) -> bool:
        """A call comes in, or was dialled and taken; False where the phone rings on or rejects it."""
        assert self._session is not None
        async with self._session.get(f"{self.url}/api/config/call", headers=self._headers) as answer:
            config = await answer.json() if answer.status == 200 else {}
        self._greeting = config.get(f"greeting_{self.direction}", "")
        self._time_over = config.get("max_duration_message", "")
        allowed, blocked = config.get("caller_allowlist", []), config.get("caller_blocklist", [])
        known = bool(self.number)
        wanted = (
            config.get("auto_answer", False)
            and self.number not in blocked
            and (not known or not allowed or self.number in allowed)
            and (known or config.get("unknown_callers_allowed", True))
        )
        self.on_call = bool(wanted) or self.direction == "outgoing"
        return self.on_call

    async def greet(self) -> Turn:
        """The first turn: the greeting, with 300 ms of silence and no session yet."""
        if not self._greeting:
            await self.ring()
        self.on_call = True
        return await self._turn(_SILENCE, self._greeting_fields(), reset=True)

    async def greet_in_vain(self) -> None:
        """The first turn, on a connection that is gone as soon as everything is sent."""
        if not self._greeting:
            await self.ring()
        head, body = _request(_SILENCE, self._sent(self._greeting_fields(), reset=True))
        lines = [f"{name}: {value}" for name, value in {**head, **self._headers}.items()]
        url = urlsplit(self.url)
        # Not by asyncio: a server in the same loop must find the end of it together with the request.
        with socket.create_connection((url.hostname, url.port)) as connection:
            lines = ["POST /api/turn HTTP/1.1", f"Host: {url.netloc}", f"Content-Length: {len(body)}", *lines]
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    async def say(self, pcm: bytes = b"", *, text: str = "") -> Turn:
        """An utterance (s16le mono at 24 kHz), posted twice. `text`: recognised on the phone already."""
        recording = wav_file(pcm or bytes(UTTERANCE_RATE), UTTERANCE_RATE)
        if text:
            return await self._turn(recording, {"transcript_hint": text, "skip_asr": "true"})
        await self._post("/api/asr", recording, {})
        return await self._turn(recording, {})

    async def time_over(self) -> Turn:
        """The longest call is over: its message is fetched and played, and the phone disconnects."""
        turn = await self._turn(wav_file(b"", GREETING_RATE), {"forced_reply": self._time_over})
        self.on_call = False
        return turn

    async def call(self, utterances: Iterable[bytes]) -> None:
        """A whole call: the greeting, then utterance after utterance for as long as it is not ended."""
        await self.greet()
        for pcm in utterances:
            if not self.on_call:
                return
            await self.say(pcm)

    def _greeting_fields(self) -> dict[str, str]:
        return {"transcript_hint": self._greeting, "forced_reply": self._greeting}

    def _sent(self, fields: dict[str, str], *, reset: bool) -> dict[str, str]:
        sent = {"reset_session": "true" if reset else "false"}
        if self.session_id and not reset:
            sent["session_id"] = self.session_id
        return sent | {**fields, "caller_number": self.number, "call_direction": self.direction}

    async def _turn(self, recording: bytes, fields: dict[str, str], *, reset: bool = False) -> Turn:
        body = await self._post("/api/turn", recording, self._sent(fields, reset=reset))
        self.session_id = body.get("session_id") or self.session_id
        turn = self._take(body)
        self.turns.append(turn)
        if body.get("hangup") or body.get("rejected"):
            self.on_call = False
        elif turn.played is None:
            self.silent_recaptures += 1
            await asyncio.sleep(_RECAPTURE_S)
        return turn

    def _take(self, body: dict[str, Any]) -> Turn:
        reply = str(body.get("reply") or "").strip()
        sound = ""
        for name in ("audio_wav_base64", "audio_base64", "audioBase64"):
            sound = sound or str(body.get(name) or "")
        ends = bool(body.get("hangup") or body.get("rejected"))
        if not sound or (not ends and (not reply or suppressed(reply))):
            return Turn(reply, None, 0, body)
        pcm, rate = read_strictly(base64.b64decode(sound, validate=True))
        return Turn(reply, pcm, rate, body)

    async def _post(self, path: str, recording: bytes, fields: dict[str, str]) -> dict[str, Any]:
        head, sent = _request(recording, fields)
        assert self._session is not None
        headers = {**self._headers, **head}
        async with self._session.post(self.url + path, data=sent, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == 200, text
            return dict(json.loads(text))


def _request(recording: bytes, fields: dict[str, str]) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a form as the app writes it."""
    boundary = uuid.uuid4().hex
    lines = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (boundary.encode(), name.encode(), write_bytes(value))
        for name, value in fields.items()
    ]
    lines.append(
        b'--%b\r\nContent-Disposition: form-data; name="audio"; filename="turn.wav"\r\n'
        b"Content-Type: audio/wav\r\n\r\n%b\r\n--%b--\r\n" % (boundary.encode(), recording, boundary.encode())
    )
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, b"".join(lines)


def read_strictly(data: bytes) -> tuple[bytes, int]:
    """The sound of a reply and its rate, as strict with sizes as the app is. Raises ValueError."""
    if data[:4] != b"RIFF" or data[8:16] != b"WAVEfmt " or data[36:40] != b"data":
        raise ValueError("no plain WAV file")
    size = int.from_bytes(data[40:44], "little")
    if size != len(data) - 44 or int.from_bytes(data[4:8], "little") != len(data) - 8:
        raise ValueError(f"sizes are wrong: {size} of {len(data) - 44}")
    with wave.open(io.BytesIO(data)) as file:
        return file.readframes(file.getnframes()), file.getframerate()
