"""A console whose audio is our own peer and not aiortc's tracks, so that no jitter buffer is in the way."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from bridge.media.dtmf import KeyPress
from bridge.media.frame import Frame
from bridge.peer.peer import Peer, State
from bridge.ports import Codec
from tests.harness.console import Console
from tests.harness.server import ServerProcess


class PeerConsole(Console):
    """As Console. `mute` stops the packets altogether, as a tab does that the system has frozen.

    Asked to renegotiate it does, unless `obeys` is set to False; it speaks on both connections until the
    server ends the old one, as two connections of a page do that have the same microphone.
    """

    def __init__(self, server: ServerProcess, name: str = "sam", *, idle: bytes | None = None) -> None:
        super().__init__(server, name, idle=idle)
        self.own: Peer | None = None
        self.mute = False
        self.obeys = True
        self.keys = ""
        """What the caller has pressed."""
        self._old: list[Peer] = []
        self._renewing: list[asyncio.Task[None]] = []
        self._talking: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    async def open_audio(self) -> None:
        """Offer, take the answer, and wait until the connection stands."""
        self._up.clear()
        peer = Peer(on_frame=self._take, on_state=self._state, on_key=self._key, controlling=True)
        if self.own is not None:
            self._old.append(self.own)
        self.own = peer
        ack = await self.command("offer", sdp=await peer.offer())
        assert ack["ok"], ack
        peer.accept(ack["sdp"])
        await asyncio.wait_for(self._up.wait(), 10)
        if self._talking is None:
            self._talking = asyncio.create_task(self._talk())

    async def leave(self) -> None:
        """Close the tab: whatever is being renewed ends with it."""
        await self._end([task for task in self._renewing if not task.done()])
        self._renewing = [task for task in self._renewing if not task.cancelled()]
        await super().leave()

    async def hang_up_audio(self) -> None:
        """Close the audio connection only."""
        talking, self._talking = self._talking, None
        tasks = [task for task in (*self._renewing, talking) if task is not None]
        self._renewing.clear()
        await self._end(tasks)
        peers, self._old = [*self._old, self.own], []
        self.own = None
        for peer in peers:
            if peer is not None:
                await peer.close()

    @staticmethod
    async def _end(tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.done():
                task.result()
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _told(self, event: str) -> None:
        if event == "renegotiate" and self.obeys:
            self._renewing.append(asyncio.create_task(self.open_audio()))

    async def _talk(self) -> None:
        while True:
            frame = await self.microphone.recv()
            pcm = frame.to_ndarray().astype(np.int16).tobytes()
            for peer in (self.own, *self._old):
                if peer is not None and not self.mute:
                    peer.send(Frame(Codec.L16_8K, pcm, pcm))

    def _key(self, press: KeyPress) -> None:
        self.keys += press.key if press.new else ""
        self._wake()

    def _take(self, frame: Frame) -> None:
        self.heard.append((time.monotonic(), np.frombuffer(frame.pcm, np.int16)))
        self._wake()

    def _state(self, state: State) -> None:
        if state == "connected":
            self._up.set()
