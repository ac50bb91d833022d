"""alive5's voice-agent socket: the one place that knows its events and their fields.

alive5 documents neither an idempotency key nor acknowledgements. So nothing is emitted twice, and what
"sent" means is said here: acknowledged where the server acknowledges, else emitted on a connection that
was still up `settle_s` later.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import socketio
import structlog
from socketio.exceptions import SocketIOError

from bridge.ports import Speaker
from bridge.thread.errors import Alive5Closed, Alive5Lost, Alive5Refused, Alive5Unavailable

log = structlog.get_logger()

ASK_AT_MOST: Final = 3
"""Acknowledgements that a server may leave out before we stop asking it for any."""

ANSWER_ERRORS: Final = (
    SocketIOError,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
    # What the client library lets through when something that is no Socket.IO server answers.
    ValueError,
    KeyError,
    TypeError,
)


@dataclass(frozen=True, slots=True)
class Alive5Config:
    """Where alive5 is and who we are there. `channel` is for threads that have none."""

    url: str
    key: str
    org: str = ""
    channel: str = ""
    connect_timeout_s: float = 10.0
    ack_timeout_s: float = 5.0
    settle_s: float = 0.5


class Alive5Client:
    """One thread's connection to alive5. Made for one task at a time; `close` may come from another.

    Methods that send raise Alive5Unavailable where certainly nothing was sent, Alive5Lost where that is
    unknown, and Alive5Refused where the server acknowledged it with an error. Nothing reconnects by
    itself: call `connect` again.
    """

    def __init__(self, config: Alive5Config, thread_id: str, crm_id: str, channel_id: str) -> None:
        self._config = config
        self._ids = {
            "thread_id": thread_id,
            "crm_id": crm_id,
            "channel_id": channel_id or config.channel,
        }
        self._socket: socketio.AsyncClient | None = None
        self._http: aiohttp.ClientSession | None = None
        self._voice_agent_id = ""
        self._ready: asyncio.Future[dict[str, Any] | None] | None = None
        self._outcome: asyncio.Future[bool] | None = None
        self._unanswered = 0
        self._answers = False

    @property
    def connected(self) -> bool:
        """True while the socket is up."""
        socket = self._socket
        return socket is not None and socket.connected and socket.eio.state == "connected"

    @property
    def voice_agent_id(self) -> str:
        """The id that alive5 gave us on this connection, or one derived from the socket's id."""
        return self._voice_agent_id

    async def connect(self) -> None:
        """Be connected and initialised; a no-op where we are.

        Raises Alive5Unavailable; Alive5Closed where it is this thread that alive5 does not take.
        """
        if self.connected:
            return
        await self.close()
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                socket = await self._open_socket()
            self._voice_agent_id = await self._init_voice_agent(socket)
        except ANSWER_ERRORS as error:
            await self.close()
            # The text of some of these holds the address, and with it the key.
            raise Alive5Unavailable(f"alive5 cannot be reached ({type(error).__name__}).") from error
        except BaseException:
            await self.close()
            raise
        log.info("alive5.connected", thread_id=self._ids["thread_id"], voice_agent_id=self._voice_agent_id)

    async def post_message(self, speaker: Speaker, text: str) -> None:
        """Put one message into the thread: the caller's as the consumer's, all others as the agent side's."""
        payload = {
            "thread_id": self._ids["thread_id"],
            "crm_id": self._ids["crm_id"],
            "message_content": text,
            "message_type": "livechat",
        }
        if speaker != "caller":
            payload["voiceAgentId"] = self._voice_agent_id
        await self._emit("post_message", payload)

    async def save_crm_data(self, key: str, value: str) -> None:
        """Store one field of the contact."""
        ids = {"crm_id": self._ids["crm_id"], "thread_id": self._ids["thread_id"]}
        await self._emit("save_crm_data", {**ids, "key": key, "value": value})

    async def end_voice_chat(self, end_by: str, text: str) -> None:
        """End the voice chat; once per call. `end_by`: person, voice_agent or human_agent."""
        await self._emit(
            "end_voice_chat",
            {
                "end_by": end_by,
                "message_content": text,
                "org_name": self._config.org,
                "thread_id": self._ids["thread_id"],
                "voice_agent_id": self._voice_agent_id,
            },
        )

    async def close(self) -> None:
        """Close the socket. Idempotent; never raises."""
        socket, self._socket = self._socket, None
        http, self._http = self._http, None
        try:
            if socket is not None and socket.eio.state == "connected":
                async with asyncio.timeout(2.0):
                    await socket.disconnect()
        except ANSWER_ERRORS as error:
            log.debug("alive5.close_failed", error=type(error).__name__)
        finally:
            if http is not None:
                await http.close()

    async def _open_socket(self) -> socketio.AsyncClient:
        # A session of our own: the library leaves its own one open when a connection fails.
        self._http = aiohttp.ClientSession()
        self._socket = socket = socketio.AsyncClient(
            reconnection=False,
            handle_sigint=False,
            http_session=self._http,
            # Notices a link that died silently within 15 s.
            websocket_extra_options={"heartbeat": 10.0},
        )
        self._ready = asyncio.get_running_loop().create_future()
        socket.on("init_voice_agent_ack", self._on_ready)
        socket.on("disconnect", self._on_disconnect)
        query = urlencode({"type": "voice_agent", "x-a5-apikey": self._config.key, **self._ids})
        await socket.connect(
            f"{self._config.url.rstrip('/')}?{query}",
            transports=["websocket"],
            socketio_path="socket.io",
            wait_timeout=self._config.connect_timeout_s,
        )
        return socket

    async def _init_voice_agent(self, socket: socketio.AsyncClient) -> str:
        """Introduce ourselves and wait for the answer; what is sent before it may be ignored."""
        assert self._ready is not None
        fallback = f"voice_agent_phone_{(socket.get_sid() or '')[:8]}"
        await socket.emit("init_voice_agent", dict(self._ids))
        try:
            async with asyncio.timeout(self._config.ack_timeout_s):
                answer = await self._ready
        except TimeoutError:
            if not self.connected:
                raise
            log.warning("alive5.no_init_ack", thread_id=self._ids["thread_id"])
            return fallback
        if answer is None:
            raise ConnectionAbortedError
        status = answer.get("status", "initialized")
        if status != "initialized":
            raise Alive5Closed(f"alive5 does not take this thread (init_voice_agent: {str(status)[:80]}).")
        return str(answer.get("voice_agent_id") or fallback)

    async def _emit(self, event: str, payload: dict[str, str]) -> None:
        socket = self._socket
        if socket is None or not self.connected:
            raise Alive5Unavailable("alive5 is not connected.")
        outcome = self._outcome = asyncio.get_running_loop().create_future()
        asks = self._answers or self._unanswered < ASK_AT_MOST
        try:
            await socket.emit(event, payload, callback=self._on_answer(outcome) if asks else None)
        except SocketIOError as error:
            raise Alive5Unavailable("alive5 is not connected.") from error
        patience = self._config.ack_timeout_s if self._answers else self._config.settle_s
        try:
            async with asyncio.timeout(patience):
                arrived = await outcome
        except TimeoutError:
            self._unanswered += asks
            arrived = self.connected and not self._answers
        finally:
            self._outcome = None
        if not arrived:
            raise Alive5Lost("The connection to alive5 was lost before this was certain to have arrived.")

    def _on_answer(self, outcome: asyncio.Future[bool]) -> Any:
        def answered(*answer: object) -> None:
            self._answers = True
            if outcome.done():
                return
            refusal = refusal_in(answer)
            if refusal is None:
                outcome.set_result(True)
            else:
                outcome.set_exception(Alive5Refused(f"alive5 refused it: {refusal}."))

        return answered

    def _on_ready(self, answer: object = None) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(answer if isinstance(answer, dict) else {})

    def _on_disconnect(self, reason: str) -> None:
        log.info("alive5.disconnected", thread_id=self._ids["thread_id"], reason=reason)
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(False)


def refusal_in(answer: tuple[object, ...]) -> str | None:
    """What an acknowledgement, whose form nobody documents, says against what was sent; None for nothing."""
    for part in answer:
        if not isinstance(part, dict):
            continue
        refused = part.get("status") in ("error", "failed", "rejected")
        if part.get("error") or refused or part.get("ok") is False or part.get("success") is False:
            return str(part.get("error") or part.get("message") or "no reason given")[:200]
    return None
