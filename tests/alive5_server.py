"""A small alive5-compatible Socket.IO server: the other end of the thread's deliveries in tests.

It keeps what it got, and can refuse, answer late or incompletely, go away and die in mid-message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

import socketio
from aiohttp import web

InitAck = Literal["full", "without_id", "never", "refused"]


@dataclass(frozen=True, slots=True)
class Received:
    """One event as a client sent it, `sid` being that client's socket."""

    event: str
    payload: dict[str, Any]
    sid: str


@dataclass
class Alive5Server:
    """Listens on 127.0.0.1; `stop` and `start` again keep the port and what was received."""

    key: str = "test-key"
    init_ack: InitAck = "full"
    acknowledges: bool = False
    """Whether events are acknowledged, which alive5 is not known to do."""
    answer: Callable[[Received], object] = lambda item: {"ok": True}
    """What an event is acknowledged with."""
    refuses: bool = False
    turns_away: str | None = None
    """A thread whose introduction is answered with an error."""
    hold_init: asyncio.Event | None = None
    """If given, `init_voice_agent` is answered only once it is set."""
    die_on: Callable[[Received], bool] | None = None
    """Where it says yes, the socket is cut right after the event was received."""
    queries: list[dict[str, str]] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    voice_agents: dict[str, str] = field(default_factory=dict)
    """Voice agent ids given out, by socket."""
    _silences: list[asyncio.Future[None]] = field(default_factory=list)
    _port: int = 0
    _runner: web.AppRunner | None = None
    _sio: socketio.AsyncServer | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """Base address; valid once started, also while stopped."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen, on the port of last time if there was one."""
        self._sio = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
        self._sio.on("connect", self._on_connect)
        self._sio.on("*", self._on_event)
        app = web.Application()
        self._sio.attach(app)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        assert site._server is not None
        self._port = site._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut every client and stop listening. Idempotent."""
        sio, self._sio = self._sio, None
        runner, self._runner = self._runner, None
        while self._silences:
            self._silences.pop().cancel()
        if sio is not None:
            for sid in [sid for sid, _ in sio.manager.get_participants("/", None)]:
                await self._cut(sio, sid)
            await sio.shutdown()
        if runner is not None:
            await runner.cleanup()

    def sent(self, event: str) -> list[dict[str, Any]]:
        """Payloads of every `event` received, in order."""
        return [item.payload for item in self.received if item.event == event]

    def texts(self) -> list[str]:
        """Texts posted into threads, in order."""
        return [payload["message_content"] for payload in self.sent("post_message")]

    async def until(self, happened: Callable[[], bool]) -> None:
        """Return as soon as `happened` is true, which is asked again after every connect and event."""
        async with self._changed:
            await self._changed.wait_for(happened)

    async def _on_connect(self, _sid: str, environ: dict[str, Any]) -> None:
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        self.queries.append(query)
        await self._notify()
        if self.refuses or query.get("x-a5-apikey") != self.key or query.get("type") != "voice_agent":
            raise socketio.exceptions.ConnectionRefusedError("unauthorized")

    async def _on_event(self, event: str, sid: str, payload: dict[str, Any]) -> object:
        assert self._sio is not None
        item = Received(event, payload, sid)
        self.received.append(item)
        await self._notify()
        if event == "init_voice_agent":
            await self._answer_init(self._sio, sid, payload)
        if self.die_on is not None and self.die_on(item):
            await self._cut(self._sio, sid)
            return None
        if not self.acknowledges:
            # The library acknowledges as soon as a handler returns; so this one does not, until `stop`.
            silence: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._silences.append(silence)
            await silence
        return self.answer(item)

    async def _answer_init(self, sio: socketio.AsyncServer, sid: str, payload: dict[str, Any]) -> None:
        if self.hold_init is not None:
            await self.hold_init.wait()
        if self.init_ack == "never":
            return
        refused = self.init_ack == "refused" or payload.get("thread_id") == self.turns_away
        answer = {"status": "error" if refused else "initialized"}
        if self.init_ack == "full" and not refused:
            self.voice_agents[sid] = answer["voice_agent_id"] = (
                f"voice_agent_phone_{payload['thread_id'][:8]}"
            )
        await sio.emit("init_voice_agent_ack", answer, to=sid)

    async def _cut(self, sio: socketio.AsyncServer, sid: str) -> None:
        """Drop the client's TCP connection without a goodbye."""
        environ = sio.get_environ(sid)
        transport = environ["aiohttp.request"].transport if environ else None
        if transport is not None:
            transport.abort()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
