"""A console whose audio is our own peer and not aiortc's tracks, so that no jitter buffer is in the way."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from bridge.media.frame import Frame
from bridge.peer.peer import Peer, State
from bridge.ports import Codec
from tests.harness.console import Console
from tests.harness.server import ServerProcess


class PeerConsole(Console):
    """As Console. `mute` stops the packets altogether, as a tab does that the system has frozen."""

    def __init__(self, server: ServerProcess, name: str = "sam", *, idle: bytes | None = None) -> None:
        super().__init__(server, name, idle=idle)
        self.own: Peer | None = None
        self.mute = False
        self._talking: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    async def open_audio(self) -> None:
        """Offer, take the answer, and wait until the connection stands."""
        self._up.clear()
        self.own = Peer(on_frame=self._take, on_state=self._state, controlling=True)
        ack = await self.command("offer", sdp=await self.own.offer())
        assert ack["ok"], ack
        self.own.accept(ack["sdp"])
        await asyncio.wait_for(self._up.wait(), 10)
        await self._fall_silent()
        self._talking = asyncio.create_task(self._talk(self.own))

    async def hang_up_audio(self) -> None:
        """Close the audio connection only."""
        await self._fall_silent()
        if self.own is not None:
            await self.own.close()
            self.own = None

    async def _fall_silent(self) -> None:
        talking, self._talking = self._talking, None
        if talking is not None:
            talking.cancel()
            await asyncio.wait({talking})

    async def _talk(self, peer: Peer) -> None:
        while True:
            frame = await self.microphone.recv()
            if not self.mute:
                pcm = frame.to_ndarray().astype(np.int16).tobytes()
                peer.send(Frame(Codec.L16_8K, pcm, pcm))

    def _take(self, frame: Frame) -> None:
        self.heard.append((time.monotonic(), np.frombuffer(frame.pcm, np.int16)))
        self._wake()

    def _state(self, state: State) -> None:
        if state == "connected":
            self._up.set()
