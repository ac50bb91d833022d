"""An operator's console as an outsider would write it: python-socketio and stock aiortc."""

from __future__ import annotations

import asyncio
import fractions
import time
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
import socketio
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from tests.harness.server import ServerProcess

NAMESPACE = "/operator"
_RATE = 8000
_FRAME = _RATE // 50


class Microphone(MediaStreamTrack):
    """A microphone at 8 kHz: what was given to `say`, else `idle` (digital silence where None).

    `idle` is a loop of s16le samples, a whole number of 20 ms frames.
    """

    kind = "audio"

    def __init__(self, idle: bytes | None = None) -> None:
        super().__init__()
        self.idle = idle
        self._pending = b""
        self._idle_at = 0
        self._frames = 0
        self._began: float | None = None

    def say(self, pcm: bytes) -> None:
        """Speak s16le mono at 8 kHz after what is already being said."""
        self._pending += pcm

    @property
    def speaking(self) -> bool:
        """True while something given to `say` is left."""
        return bool(self._pending)

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms, when they are due."""
        if self._began is None:
            self._began = time.monotonic()
        delay = self._began + self._frames * 0.02 - time.monotonic()
        if delay > 0:
            await asyncio.sleep(delay)
        frame = av.AudioFrame(format="s16", layout="mono", samples=_FRAME)
        frame.planes[0].update(self._next())
        frame.sample_rate, frame.pts = _RATE, self._frames * _FRAME
        frame.time_base = fractions.Fraction(1, _RATE)
        self._frames += 1
        return frame

    def _next(self) -> bytes:
        size = _FRAME * 2
        if self._pending:
            pcm, self._pending = self._pending[:size], self._pending[size:]
            return pcm.ljust(size, b"\0")
        if self.idle is None:
            return bytes(size)
        pcm = self.idle[self._idle_at : self._idle_at + size]
        self._idle_at = (self._idle_at + size) % len(self.idle)
        return pcm


class Console:
    """One operator at one tab. Use as `async with`; every event is kept in `events` and wakes waiters.

    `codec`: offer only this one, such as "audio/PCMU".
    """

    def __init__(
        self,
        server: ServerProcess,
        name: str = "sam",
        *,
        idle: bytes | None = None,
        codec: str | None = None,
    ) -> None:
        self.server, self.name, self.codec = server, name, codec
        self.microphone = Microphone(idle)
        self.socket = socketio.AsyncClient(reconnection=False)
        self.peer: RTCPeerConnection | None = None
        self.events: list[tuple[str, Any]] = []
        self.heard: list[tuple[float, np.ndarray[Any, np.dtype[np.int16]]]] = []
        self._changed = asyncio.Event()
        self._pulling: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def connect(self, token: str | None = None, **auth: str) -> None:
        """Sign in and open the namespace; `auth`: more of what is said on connecting."""

        async def keep(event: str, data: Any = None) -> None:
            self.events.append((event, data))
            self._told(event)
            self._wake()

        self.socket.on("*", keep, namespace=NAMESPACE)
        token = token or await self.server.token(self.name)
        given = {"token": token, **auth}
        await self.socket.connect(self.server.url, auth=given, namespaces=[NAMESPACE])

    async def leave(self) -> None:
        """Close the tab: socket and audio."""
        if self.socket.connected:
            await self.socket.disconnect()
        await self.hang_up_audio()

    async def command(self, event: str, **payload: Any) -> Any:
        """Send an event and return its ack."""
        return await self.socket.call(event, payload, namespace=NAMESPACE, timeout=5)

    async def open_audio(self) -> None:
        """Offer, take the answer, and wait until the connection stands."""
        self.peer = RTCPeerConnection()
        self.peer.addTrack(self.microphone)
        if self.codec is not None:
            known = RTCRtpSender.getCapabilities("audio").codecs
            wanted = [codec for codec in known if codec.mimeType == self.codec]
            self.peer.getTransceivers()[0].setCodecPreferences(wanted)
        self.peer.on("track", self._pull)
        self.peer.on("connectionstatechange", self._wake)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        ack = await self.command("offer", sdp=self.peer.localDescription.sdp)
        assert ack["ok"], ack
        await self.peer.setRemoteDescription(RTCSessionDescription(ack["sdp"], "answer"))
        async with asyncio.timeout(10):
            while self.peer.connectionState != "connected":
                await self._changed.wait()

    async def hang_up_audio(self) -> None:
        """Close the audio connection only."""
        if self.peer is not None:
            await self.peer.close()
            self.peer = None
        for task in self._pulling:
            await task
        self._pulling.clear()

    def all(self, event: str) -> list[Any]:
        """Payloads of every such event so far."""
        return [data for name, data in self.events if name == event]

    async def wait(self, event: str, count: int = 1, within: float = 10.0, **fields: Any) -> Any:
        """The payload of the `count`-th such event, with these fields where given; raises TimeoutError."""

        def matching() -> list[Any]:
            return [d for d in self.all(event) if all(d.get(key) == value for key, value in fields.items())]

        async with asyncio.timeout(within):
            while len(matching()) < count:
                await self._changed.wait()
        return matching()[count - 1]

    async def wait_heard(self, seconds: float, within: float = 10.0) -> bytes:
        """The next `seconds` of what comes out of the loudspeaker, as s16le mono at 8 kHz."""
        begin, wanted = len(self.heard), round(seconds * 50)
        async with asyncio.timeout(within):
            while len(self.heard) - begin < wanted:
                await self._changed.wait()
        return np.concatenate([samples for _, samples in self.heard[begin : begin + wanted]]).tobytes()

    def _told(self, event: str) -> None:
        """Something to act on. `renegotiate` is ignored here: an aiortc track feeds one connection only."""

    def _pull(self, track: MediaStreamTrack) -> None:
        self._pulling.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, av.AudioFrame)
            stereo = frame.to_ndarray().reshape(-1, 2 if frame.layout.name == "stereo" else 1)
            self.heard.append((time.monotonic(), stereo[:: frame.sample_rate // _RATE, 0].astype(np.int16)))
            self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
