"""One bridged call with both its ends in our hands, each sending what it is given every 20 ms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from benchmarks.media.endpoint import Endpoint
from benchmarks.media.material import caller_sweeps, operator_sweeps
from benchmarks.media.stream import Stream
from bridge.peer.sdp import AudioCodec

Frames = Sequence[bytes]


class Script:
    """What one side says: `frames` over and over, from the first."""

    def __init__(self, frames: Frames) -> None:
        self._frames, self._next = frames, 0

    def take(self) -> bytes:
        """The next 20 ms."""
        frame = self._frames[self._next]
        self._next = (self._next + 1) % len(self._frames)
        return frame


class Call:
    """Made by a Bridge. Both sides say sweeps until they are told to say something else.

    `say` begins a new count: afterwards `endpoint.sent[0]` is when the first of the new frames was sent.
    """

    def __init__(self, codec: AudioCodec) -> None:
        self.endpoint = Endpoint(codec)
        self.stream: Stream | None = None
        self._operator, self._caller = _sweeps(codec, self.endpoint.rate)
        self._cue: tuple[int, Callable[[], None]] | None = None
        self._count = 0
        self._endings: list[Callable[[], Awaitable[object]]] = []

    @property
    def codec(self) -> AudioCodec:
        """The operator's codec."""
        return self.endpoint.codec

    @property
    def phone(self) -> Stream:
        """The caller's stream; there from when the call is bridged."""
        assert self.stream is not None
        return self.stream

    def operator_speaks(self) -> None:
        """Send the operator's next 20 ms."""
        if self._cue is not None and self._cue[0] <= self._count:
            (_, act), self._cue = self._cue, None
            act()
        self._count += 1
        self.endpoint.send(self._operator.take())

    def caller_speaks(self) -> None:
        """Send the caller's next 20 ms."""
        if self.stream is not None:
            self.stream.send(self._caller.take())

    def at(self, number: int, act: Callable[[], None]) -> None:
        """Do this right before the operator's `number`-th packet: so a seeded road treats all calls alike."""
        self._cue = (number, act)

    def say(self, operator: Frames, caller: Frames) -> None:
        """Let both say something else from the next frame on, and forget what was sent and heard."""
        self._operator, self._caller = Script(operator), Script(caller)
        self.forget()

    def forget(self) -> None:
        """Keep only what is sent and heard from now on."""
        for kept in (self.endpoint.sent, self.endpoint.got, self.phone.sent, self.phone.got):
            kept.clear()

    def finally_do(self, ending: Callable[[], Awaitable[object]]) -> None:
        """Do this when the call is closed, after what was said to be done later."""
        self._endings.append(ending)

    async def close(self) -> None:
        """Hang up on both sides."""
        while self._endings:
            await self._endings.pop()()


def _sweeps(codec: AudioCodec, rate: int) -> tuple[Script, Script]:
    kept = _KEPT.get((codec.name, rate))
    if kept is None:
        kept = _KEPT[codec.name, rate] = (operator_sweeps(16.0, codec, rate), caller_sweeps(16.0))
    return Script(kept[0]), Script(kept[1])


_KEPT: dict[tuple[str, int], tuple[list[bytes], list[bytes]]] = {}
