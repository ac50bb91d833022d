"""A server that speaks Deepgram's listen v1 protocol, with a recogniser of our own behind it.

It stands where Deepgram's cloud would: on the other side of a real socket. As there, results have word
timings within the audio of their connection, a Finalize that finds nothing left is not answered, and a
connection that brings neither audio nor KeepAlive is closed with 1011.
"""

from __future__ import annotations

import asyncio
import io
import json
import uuid
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import WSCloseCode, WSMsgType, web

from bridge.media.level import energies

Recognise = Callable[[bytes, int], Awaitable[str]]
KEY = "a-key-that-is-good"
_REQUIRED = {"encoding": "linear16", "channels": "1", "interim_results": "true", "filler_words": "true"}
_FORBIDDEN = ("profanity_filter", "redact", "replace")
_MODELS = ("nova-3", "nova-2")
_LANGUAGES = ("en", "en-US", "de", "fr", "es", "multi")


@dataclass
class Session:
    """What one connection has brought."""

    rate: int
    query: dict[str, str]
    audio: bytearray = field(default_factory=bytearray)
    final_to: int = 0
    interim_to: int = 0
    told: list[str] = field(default_factory=list)
    """Types of the messages that came, audio aside."""

    def seconds(self, place: int) -> float:
        return round(place / (self.rate * 2), 3)


class DeepgramServer:
    """Serves on a free port of loopback while it is entered."""

    def __init__(
        self, recognise: Recognise, *, idle_s: float = 10.0, interim_s: float = 1.0, least_s: float = 0.0
    ) -> None:
        """`least_s`: a Finalize that finds less audio than this is not answered."""
        self._recognise, self._idle_s, self._interim_s = recognise, idle_s, interim_s
        self._least_s = least_s
        self.sessions: list[Session] = []
        self.refusals = 0
        self.closed: list[int] = []
        """Codes with which connections that were idle, or all said, were closed."""
        self.refuse_with: int | None = None
        self.final_every_s: float | None = None
        """Call what has come final by itself whenever this much has, as the cloud does now and then."""
        self.stalled = False
        """Take everything and answer nothing."""
        self.drop_after_s: float | None = None
        """Break the connection off, once, when it has brought this much audio."""
        self.first_words: list[str] = []
        """Raw messages that each new connection gets first."""
        self.dropped = asyncio.Event()
        self._sockets: set[web.WebSocketResponse] = set()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/v1/listen", self._listen)
        app.router.add_post("/v1/listen", self._prerecorded)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop_all()
        await self._runner.cleanup()

    def drop_all(self) -> None:
        """Break every connection off without a close."""
        for socket in self._sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    def _check(self, request: web.Request) -> None:
        if self.refuse_with is not None:
            self.refusals += 1
            raise _refusal(self.refuse_with)
        if request.headers.get("Authorization") != f"Token {KEY}":
            self.refusals += 1
            raise web.HTTPUnauthorized(
                text=json.dumps({"err_code": "INVALID_AUTH", "err_msg": "Invalid credentials."})
            )
        query = request.query
        wrong = query.get("model") not in _MODELS or query.get("language", "en") not in _LANGUAGES
        if wrong or any(name in query for name in _FORBIDDEN):
            raise web.HTTPBadRequest(
                text=json.dumps({"err_code": "Bad Request", "err_msg": "No such model."})
            )

    async def _prerecorded(self, request: web.Request) -> web.Response:
        self._check(request)
        with wave.open(io.BytesIO(await request.read())) as file:
            rate, pcm = file.getframerate(), file.readframes(file.getnframes())
        text = await self._recognise(pcm, rate)
        alternative = {"transcript": text, "confidence": 0.9, "words": []}
        results = {"channels": [{"alternatives": [alternative]}]}
        metadata = {"request_id": str(uuid.uuid4()), "duration": len(pcm) / 2 / rate, "channels": 1}
        return web.json_response({"metadata": metadata, "results": results})

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        self._check(request)
        query = dict(request.query)
        if any(query.get(name) != value for name, value in _REQUIRED.items()):
            raise web.HTTPBadRequest(text="a parameter is missing")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = Session(int(query["sample_rate"]), query)
        self.sessions.append(session)
        self._sockets.add(socket)
        try:
            for words in self.first_words:
                await socket.send_str(words)
            await self._converse(socket, session)
        except ConnectionError:
            pass
        finally:
            self._sockets.discard(socket)
        return socket

    async def _converse(self, socket: web.WebSocketResponse, session: Session) -> None:
        while True:
            try:
                message = await socket.receive(timeout=self._idle_s)
            except TimeoutError:
                reason = b"NET-0001: no audio or message came within the timeout"
                self.closed.append(WSCloseCode.INTERNAL_ERROR)
                await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=reason)
                return
            if message.type is WSMsgType.BINARY:
                session.audio += message.data
                if self._drops(session):
                    self.dropped.set()
                    self.drop_all()
                    return
                await self._maybe_interim(socket, session)
            elif message.type is WSMsgType.TEXT:
                if await self._command(socket, session, message.data):
                    return
            else:
                return

    def _drops(self, session: Session) -> bool:
        limit = self.drop_after_s
        if limit is None or session.seconds(len(session.audio)) < limit:
            return False
        self.drop_after_s = None
        return True

    async def _command(self, socket: web.WebSocketResponse, session: Session, text: str) -> bool:
        kind = str(json.loads(text).get("type"))
        session.told.append(kind)
        if self.stalled:
            return False
        if kind in ("Finalize", "CloseStream"):
            end = len(session.audio)
            least = self._least_s if kind == "Finalize" else 0.0
            if session.seconds(end - session.final_to) > least:
                await self._answer(socket, session, end, final=True, flushed=kind == "Finalize")
            if kind == "CloseStream":
                await socket.send_json(_metadata(session))
                self.closed.append(WSCloseCode.OK)
                await socket.close()
                return True
        elif kind != "KeepAlive":
            await socket.send_json(
                {
                    "type": "Error",
                    "variant": "SchemaError",
                    "description": "Could not deserialize last text message.",
                    "message": text,
                }
            )
        return False

    async def _maybe_interim(self, socket: web.WebSocketResponse, session: Session) -> None:
        waiting = session.seconds(len(session.audio) - session.final_to)
        if self.final_every_s is not None and waiting >= self.final_every_s and not self.stalled:
            await self._answer(socket, session, len(session.audio), final=True, flushed=False)
            return
        since = session.seconds(len(session.audio) - max(session.interim_to, session.final_to))
        if since >= self._interim_s and not self.stalled:
            session.interim_to = len(session.audio)
            await self._answer(socket, session, len(session.audio), final=False, flushed=False)

    async def finalise(self, session: Session) -> None:
        """Call what the newest connection has brought final, unasked, as the cloud does now and then."""
        socket = next(iter(self._sockets))
        await self._answer(socket, session, len(session.audio), final=True, flushed=False)

    async def _answer(
        self, socket: web.WebSocketResponse, session: Session, end: int, *, final: bool, flushed: bool
    ) -> None:
        first = session.final_to
        pcm = bytes(session.audio[first:end])
        text = await self._recognise(pcm, session.rate)
        if final:
            session.final_to = end
        await socket.send_json(
            {
                "type": "Results",
                "channel_index": [0, 1],
                "duration": session.seconds(end - first),
                "start": session.seconds(first),
                "is_final": final,
                "speech_final": False,
                "from_finalize": flushed,
                "channel": {
                    "alternatives": [
                        {
                            "transcript": text,
                            "confidence": 0.9,
                            "words": _words(text, pcm, session.rate, session.seconds(first)),
                        }
                    ]
                },
                "metadata": {
                    "request_id": str(uuid.uuid4()),
                    "model_info": {"name": "general-nova-3", "version": "2026-01-01.1", "arch": "nova-3"},
                    "model_uuid": str(uuid.uuid4()),
                },
            }
        )


def _refusal(status: int) -> web.HTTPException:
    kinds: dict[int, type[web.HTTPException]] = {
        402: web.HTTPPaymentRequired,
        422: web.HTTPUnprocessableEntity,
        429: web.HTTPTooManyRequests,
        503: web.HTTPServiceUnavailable,
    }
    return kinds[status](text=json.dumps({"err_code": "REFUSED", "err_msg": "Refused."}))


def _metadata(session: Session) -> dict[str, Any]:
    return {
        "type": "Metadata",
        "transaction_key": "deprecated",
        "request_id": str(uuid.uuid4()),
        "sha256": "0" * 64,
        "created": "2026-01-01T00:00:00.000Z",
        "duration": session.seconds(len(session.audio)),
        "channels": 1,
    }


def _words(text: str, pcm: bytes, rate: int, start: float) -> list[dict[str, Any]]:
    """The words of `text`, spread over the part of `pcm` that is not quiet by their length."""
    frame = rate // 50 * 2
    loud = [at for at, level in enumerate(energies(pcm[: len(pcm) // frame * frame], frame)) if level > 200]
    first, last = (loud[0] * 0.02, (loud[-1] + 1) * 0.02) if loud else (0.0, len(pcm) / 2 / rate)
    words = text.split()
    letters = sum(len(word) for word in words)
    found, at = [], start + first
    for word in words:
        end = at + (last - first) * len(word) / letters
        bare = word.strip(".,!?").lower()
        found.append(
            {
                "word": bare,
                "punctuated_word": word,
                "start": round(at, 3),
                "end": round(end, 3),
                "confidence": 0.9,
            }
        )
        at = end
    return found
