"""One audio connection of a caller's browser as a `bridge.ports.Line`."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bridge.media.clock import MediaClock
from bridge.media.dtmf import KeyPress
from bridge.media.frame import Frame
from bridge.peer.peer import Peer, State
from bridge.ports import Codec, LineListener
from telephony.softphone.pacing import Due, Pacer

OnCandidate = Callable[[dict[str, object] | None], None]


class SoftphoneLine:
    """Frames both ways, and marks that come back; lives as long as its peer.

    `on_state` gets this line with each change of its peer's state. `hang_up` does what `end_call` does:
    this may be one of several connections of the same caller.
    """

    codec = Codec.PCMU
    paced = True

    def __init__(
        self,
        clock: MediaClock,
        ice_servers: Sequence[dict[str, Any]],
        *,
        on_candidate: OnCandidate,
        on_state: Callable[[SoftphoneLine, State], None],
        end_call: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self.listener: LineListener | None = None
        """The call, once it has taken this line."""
        self._clock = clock
        self._end_call = end_call
        self._pacer = Pacer()
        self._closed = False
        self._peer = Peer(
            ice_servers=ice_servers,
            on_frame=self._frame,
            on_state=lambda state: on_state(self, state),
            on_candidate=on_candidate,
            on_key=self._key,
            rate=self.codec.rate,
        )

    @property
    def silent_for(self) -> float:
        """Seconds since the browser's last packet, announced pauses left out, or since it connected.

        0.0 for one that has said that it sends nothing.
        """
        return self._peer.silent_for if self._peer.receives else 0.0

    @property
    def dropped(self) -> int:
        """Frames and marks that found the queue full."""
        return self._pacer.dropped

    async def answer(self, offer: object) -> str:
        """Our answer to the browser's offer; connecting goes on in the background. Raises PeerError."""
        return await self._peer.answer(offer)

    def add_candidate(self, candidate: object) -> None:
        """Take a browser's candidate object, or None for the end; raises PeerError."""
        self._peer.add_candidate(candidate)

    def send_audio(self, payload: bytes) -> None:
        """Queue one 20 ms frame of µ-law; it leaves at once where nothing runs ahead of real time."""
        if len(payload) != self.codec.frame_bytes:
            raise ValueError(f"a frame is {self.codec.frame_bytes} bytes, not {len(payload)}")
        if not self._closed:
            self._pacer.put(payload)
            self._leave(self._pacer.due(time.monotonic()))

    def clear(self) -> None:
        """Drop what has not left yet; what has, the browser plays within its own buffer's depth."""
        self._pacer.clear()

    def mark(self, name: str) -> None:
        """Ask for `name` back when everything sent before has left or was cleared; never at once."""
        if not self._closed:
            self._pacer.mark(name)
            self._clock.subscribe(self._tick)

    async def hang_up(self) -> None:
        """End the caller's leg. Idempotent; returns once nothing more will be sent."""
        await self._end_call()

    def lose(self) -> bool:
        """Tell the call that this connection is gone; False where it knows. It waits for the next one."""
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.on_closed("line_lost")
        return listener is not None

    async def close(self) -> None:
        """Free the connection, without a word to the call. Idempotent."""
        self._closed = True
        self.listener = None
        self._clock.unsubscribe(self._tick)
        await self._peer.close()

    def _tick(self, now: float) -> None:
        self._leave(self._pacer.due(now))

    def _leave(self, due: Due) -> None:
        for payload in due.frames:
            self._peer.send(Frame(self.codec, payload))
        if self.listener is not None:
            for name in due.marks:
                self.listener.on_mark(name)
        if self._pacer.waiting and not self._closed:
            self._clock.subscribe(self._tick)
        else:
            self._clock.unsubscribe(self._tick)

    def _frame(self, frame: Frame) -> None:
        if self.listener is not None:
            self.listener.on_audio(frame.to(self.codec))

    def _key(self, press: KeyPress) -> None:
        if press.new and self.listener is not None:
            self.listener.on_dtmf(press.key)
