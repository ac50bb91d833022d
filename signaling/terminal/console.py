"""An operator's console without a screen: the `/operator` socket, the peer and the microphone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import socketio

from bridge.media.clock import MediaClock
from bridge.media.frame import Frame
from bridge.peer.peer import Peer, State
from signaling.terminal.api import ServerApi, refused, unreachable
from signaling.terminal.errors import TerminalError
from signaling.terminal.microphone import Microphone

NAMESPACE = "/operator"
_ACK = 5.0
_AUDIO = 15.0
_OVERLAP = 2.0
_KEPT_CALLS = 50

_library = logging.getLogger("signaling.terminal.socketio")
_library.setLevel(logging.ERROR)

Payload = dict[str, Any]


class OperatorConsole:
    """One operator, signed in at `api`. Use as `async with`; leaving it closes socket and audio.

    `on_event(event, payload)` is called for everything the server tells, after `calls` and `waiting`
    know of it; `on_frame` gets the caller's frames. Both on the event loop.
    """

    def __init__(
        self,
        api: ServerApi,
        microphone: Microphone,
        *,
        on_event: Callable[[str, Payload], None] = lambda event, payload: None,
        on_frame: Callable[[Frame], None] = lambda frame: None,
    ) -> None:
        self.microphone = microphone
        self.me: Payload = {}
        self.calls: dict[str, Payload] = {}
        """CallView by call id, the newest fifty."""
        self.waiting: dict[str, Payload] = {}
        """IncomingCall by call id, of the calls that nobody has taken."""
        self._api = api
        self._on_event, self._on_frame = on_event, on_frame
        self._socket: socketio.AsyncClient | None = None
        self._welcome = asyncio.Event()
        self._peer: Peer | None = None
        self._old_peers: list[Peer] = []
        self._ice_servers: list[Payload] = []
        self._clock = MediaClock()
        self._ticking: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.renewal_wanted = False
        """True where the server has asked for a new offer; `open_audio` is the answer to that."""
        self._candidates: asyncio.Queue[Payload | None] = asyncio.Queue(64)
        self._trickling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        self._ticking = asyncio.create_task(self._clock.run(), name="console.clock")
        self._trickling = asyncio.create_task(self._trickle(), name="console.candidates")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock.unsubscribe(self._tick)
        tasks = [task for task in (self._ticking, self._trickling) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._disconnect()
        for peer in (*self._old_peers, self._peer):
            if peer is not None:
                await peer.close()

    @property
    def connected(self) -> bool:
        """True while the server's events come."""
        return self._socket is not None and bool(self._socket.connected)

    async def connect(self) -> None:
        """Open the socket, instead of one that was lost. Raises TerminalError `unreachable`."""
        await self._disconnect()
        # It would not come back by itself from a server that said goodbye; whoever uses this decides.
        socket = socketio.AsyncClient(
            reconnection=False, handle_sigint=False, logger=_library, engineio_logger=_library
        )
        socket.on("*", self._take, namespace=NAMESPACE)
        socket.on("disconnect", self._lost, namespace=NAMESPACE)
        self._socket = socket
        self._welcome.clear()
        try:
            await socket.connect(
                self._api.url,
                auth={"token": self._api.token},
                namespaces=[NAMESPACE],
                transports=["websocket"],
                wait_timeout=_ACK,
            )
            async with asyncio.timeout(_ACK):
                await self._welcome.wait()
        except (socketio.exceptions.SocketIOError, TimeoutError) as error:
            await self._disconnect()
            raise unreachable(self._api.url) from error

    async def _disconnect(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.disconnect()

    @property
    def audio(self) -> State:
        """Where the audio connection stands."""
        return self._peer.state if self._peer is not None else "new"

    async def open_audio(self) -> None:
        """Offer, and wait until the audio connection stands; the old one, if any, carries on until then."""
        self.renewal_wanted = False
        peer = Peer(
            ice_servers=self._ice_servers,
            on_frame=self._hear,
            on_state=lambda state: self._wake(),
            on_candidate=self._candidate,
            controlling=True,
        )
        if self._peer is not None:
            self._old_peers.append(self._peer)
        self._peer = peer
        ack = await self.command("offer", sdp=await peer.offer())
        peer.accept(ack["sdp"])
        try:
            await self.until(lambda: peer.state in ("connected", "failed"), _AUDIO)
        except TimeoutError:
            pass  # the state tells
        if peer.state != "connected":
            raise TerminalError("The audio connection to the server does not come about.", code="no_audio")
        self._clock.subscribe(self._tick)
        try:
            # The server ends the old one as soon as it hears us on the new one.
            await self.until(lambda: all(old.state != "connected" for old in self._old_peers), _OVERLAP)
        except TimeoutError:
            pass  # we do it ourselves
        while self._old_peers:
            await self._old_peers.pop().close()

    async def command(self, event: str, **payload: object) -> Payload:
        """Send an event; its acknowledgement. Raises TerminalError with the server's code."""
        if self._socket is None:
            raise unreachable(self._api.url)
        try:
            ack = await self._socket.call(event, payload, namespace=NAMESPACE, timeout=_ACK)
        except (socketio.exceptions.SocketIOError, TimeoutError) as error:
            raise TerminalError("The server does not answer any more.", code="unreachable") from error
        refusal = refused(ack)
        if refusal is not None:
            raise refusal
        return dict(ack)

    async def accept(self, call_id: str) -> None:
        """Take a call that waits. Raises TerminalError: `already_claimed`, `gone` …"""
        ack = await self.command("accept_call", callId=call_id)
        if not self.mine(call_id):  # else its state has overtaken the acknowledgement
            self._know(ack["call"])

    def state(self, call_id: str) -> str:
        """The call's state as the contract names it; "" where it is not known."""
        return str(self.calls.get(call_id, {}).get("state", ""))

    def mine(self, call_id: str) -> bool:
        """True while this operator has the call."""
        holder = self.calls.get(call_id, {}).get("operator") or {}
        return holder.get("id") == self.me["id"] and self.state(call_id) != "ended"

    async def until(self, check: Callable[[], bool], within: float | None = None) -> None:
        """Wait until `check` holds; it is asked at every event. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while not check():
                await self._changed.wait()

    async def _take(self, event: str, *arguments: Any) -> None:
        payload = arguments[0] if arguments else None
        if not isinstance(payload, dict):
            return
        if event == "welcome":
            self._begin(payload)
        elif event == "incoming_call":
            self.waiting[payload["callId"]] = payload
        elif event in ("call_withdrawn", "call_claimed"):
            self.waiting.pop(payload["callId"], None)
        elif event == "call_state":
            self._know(payload)
        elif event == "renegotiate":
            self.renewal_wanted = True
        elif event == "candidate" and self._peer is not None:
            self._peer.add_candidate(payload.get("candidate"))
        self._on_event(event, payload)
        self._wake()

    def _begin(self, welcome: Payload) -> None:
        self.me, self._ice_servers = welcome["operator"], welcome["iceServers"]
        self.calls = {view["callId"]: view for view in welcome["calls"]}
        self.waiting = {call["callId"]: call for call in welcome["waiting"]}
        self._welcome.set()

    def _know(self, view: Payload) -> None:
        self.calls.pop(view["callId"], None)
        self.calls[view["callId"]] = view
        if view["state"] != "handoff":
            self.waiting.pop(view["callId"], None)
        while len(self.calls) > _KEPT_CALLS:
            self.calls.pop(next(iter(self.calls)))

    async def _lost(self, reason: str = "") -> None:
        if self._socket is not None:  # else it was us
            self._on_event("disconnected", {"reason": reason})
        self._wake()

    def _candidate(self, candidate: Payload | None) -> None:
        if not self._candidates.full():
            self._candidates.put_nowait(candidate)

    async def _trickle(self) -> None:
        while True:
            candidate = await self._candidates.get()
            try:
                await self.command("candidate", candidate=candidate)
            except TerminalError:
                continue  # the others may do; a connection that fails says so itself

    def _hear(self, frame: Frame) -> None:
        self.microphone.hear(frame)
        self._on_frame(frame)

    def _tick(self, now: float) -> None:
        frame = self.microphone.frame()
        for peer in (self._peer, *self._old_peers):
            if peer is not None:
                peer.send(frame)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
