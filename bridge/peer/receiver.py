"""RTP from the operator to ordered 20 ms frames."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from bridge.media import rtp
from bridge.media.conceal import HISTORY_S, Concealer
from bridge.media.dtmf import KeyPress, KeyReader
from bridge.media.frame import Frame
from bridge.media.jitter import JitterBuffer, Lost, Slot
from bridge.media.opus import OpusDecoder, OpusError
from bridge.peer.arrivals import Arrivals
from bridge.peer.continuity import Continuity
from bridge.peer.sdp import AudioCodec
from bridge.ports import FRAME_MS, Codec

_G711 = {"PCMU": Codec.PCMU, "PCMA": Codec.PCMA}
_RECENT = round(HISTORY_S * 1000 / FRAME_MS)
_SILENT_PEAK, _NOISY_PEAK = 300, 2000
"""Samples of s16 up to which a frame between words may be left out or doubled unheard (-41 dBFS), and the
most where it is never so quiet: a room's noise, made louder by a browser's gain control, is no speech."""
_LISTENED, _ABOVE_NOISE = 150, 1.3
"""The quietest of 3 s tells the noise: a frame hardly above that is between words."""
_STRAGGLING_S = 1.0
_TIMER_SLACK = 0.0005
_TURN_S = 0.002
"""Lets the event loop read its sockets. A timer this late says that it was away."""
_DTX_BYTES, _DTX_S = 2, 0.400
"""An Opus packet so short says that nothing is to be heard, and nothing more comes for so long."""
_L16 = {8000: Codec.L16_8K, 16000: Codec.L16_16K, 24000: Codec.L16_24K}


class Receiver:
    """Decodes one browser's audio, at `rate` Hz, to `on_frame`; never raises on what comes in.

    Any of `codecs` may come at any time; keys come as `events` and go to `on_key`.
    """

    def __init__(
        self,
        codecs: tuple[AudioCodec, ...],
        on_frame: Callable[[Frame], None],
        *,
        rate: int,
        events: tuple[AudioCodec, ...] = (),
        on_key: Callable[[KeyPress], None] = lambda press: None,
    ) -> None:
        self._codecs = {codec.payload_type: codec for codec in codecs}
        self._events = {event.payload_type: event for event in events}
        self._codec = self._playing = codecs[0]
        self._on_frame, self._on_key = on_frame, on_key
        self._keys = KeyReader()
        self._continuity = Continuity(self._codec.clock)
        self._rate = rate
        self._buffer = JitterBuffer(self._codec.clock)
        self._decoder = OpusDecoder(rate)
        self._concealer = Concealer(rate)
        self._recent: deque[Frame] = deque(maxlen=_RECENT)
        self._peaks: deque[int] = deque(maxlen=_LISTENED)
        self._partial = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._closed = False
        self._former: int | None = None
        self._former_until = 0.0
        self.arrivals = Arrivals()
        self.ssrc: int | None = None
        self.heard_until: float | None = None
        """Monotonic time of the last packet, or until which it spoke for more; None before the first."""
        self.dropped = 0
        self.concealed = 0
        self.recovered = 0

    @property
    def depth_ms(self) -> int:
        """How long a frame waits for its turn at present, in ms."""
        return self._buffer.depth_ms

    @property
    def clock(self) -> int:
        """RTP clock of the codec in use, in Hz."""
        return self._codec.clock

    def take(self, data: bytes, now: float | None = None) -> None:
        """One decrypted RTP packet, which arrived at `now` (monotonic s) or just now."""
        packet = rtp.parse_rtp(data)
        codec = self._codecs.get(packet.payload_type) if packet else None
        now = time.monotonic() if now is None else now
        if packet is None or codec is None or not packet.payload or self._closed:
            self._take_other(packet, now)
            return
        if packet.ssrc != self.ssrc:
            if packet.ssrc == self._former and now < self._former_until:
                self.dropped += 1  # a straggler of the source before this one
                return
            self._begin(packet, codec.clock, now)
        elif codec.clock != self._codec.clock:
            self.arrivals.change_clock(codec.clock / self._codec.clock)
        self._codec = codec
        self.arrivals.note(packet, now, codec.clock)
        self.heard_until = now
        if len(packet.payload) <= _DTX_BYTES and codec.name == "opus":
            self.heard_until += _DTX_S
        self._play(self._buffer.push(self._continuity.sound(packet, codec.clock), now), now)

    def close(self) -> None:
        """Deliver nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self, packet: rtp.RtpPacket, clock: int, now: float) -> None:
        """Listen to another source."""
        self._former, self._former_until = self.ssrc, now + _STRAGGLING_S
        self.ssrc, self.arrivals = packet.ssrc, Arrivals()
        self._buffer, self._continuity = JitterBuffer(clock), Continuity(clock)
        self._keys = KeyReader()

    def _take_other(self, packet: rtp.RtpPacket | None, now: float) -> None:
        """A packet without sound: a key, or padding; anything else is dropped."""
        known = {**self._codecs, **self._events}.get(packet.payload_type) if packet else None
        if packet is None or known is None or self._closed:
            self.dropped += 1
            return
        if packet.ssrc != self.ssrc:
            self._begin(packet, known.clock, now)
        self.arrivals.note(packet, now, known.clock, timed=False)
        self.heard_until = now
        self._continuity.silent(packet)
        press = self._keys.take(packet, known.clock) if packet.payload_type in self._events else None
        if press is not None:
            self._on_key(press)

    def _play(self, slots: list[Slot], now: float) -> None:
        for slot in slots:
            if isinstance(slot, Lost):
                self._conceal(slot)
            else:
                self._decode(slot)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._buffer.deadline()
        if deadline is not None and not self._closed:
            # Half a millisecond late: uvloop rounds to whole ones, and too early is once more.
            delay = max(0.0, deadline - now) + _TIMER_SLACK
            self._timer_at = time.monotonic() + delay
            self._timer = asyncio.get_running_loop().call_later(delay, self._overdue)

    def _overdue(self) -> None:
        if self._buffer.next_is_missing or time.monotonic() > self._timer_at + _TURN_S:
            # Timers run before sockets are read: after a moment's absence of ours it may be in there.
            self._timer = asyncio.get_running_loop().call_later(_TURN_S, self._play_due)
        else:
            self._play_due()

    def _play_due(self) -> None:
        self._timer = None
        now = time.monotonic()
        self._play(self._buffer.pop(now), now)

    def _decode(self, packet: rtp.RtpPacket) -> None:
        codec = self._codecs[packet.payload_type]
        if codec.name != self._playing.name:
            self._change_codec(codec)
        if codec.name == "opus":
            try:
                pcm = self._decoder.decode(packet.payload)
            except OpusError:
                self.dropped += 1
            else:
                self._emit_pcm(pcm)
            return
        g711 = _G711[codec.name]
        frame = Frame(g711, packet.payload)
        if self._concealer.in_gap:
            frame = Frame.of_pcm(self._concealer.resume(frame.pcm), g711)
        if len(frame.payload) == g711.frame_bytes and not self._partial:
            self._emit(frame)
        else:
            self._emit_pcm(frame.pcm)

    def _change_codec(self, codec: AudioCodec) -> None:
        """What follows is in another codec, whose decoder knows nothing of what was heard last."""
        self._playing = codec
        self._decoder, self._concealer = OpusDecoder(self._rate), Concealer(self._rate)

    def _conceal(self, lost: Lost) -> None:
        if self._playing.name != "opus":
            self.concealed += 1
            heard = b"".join(frame.pcm for frame in self._recent)
            self._emit_pcm(self._concealer.conceal(heard, self._rate * lost.ms // 1000))
            return
        try:
            if lost.following is not None and self._is_opus(lost.following):
                self._emit_pcm(self._decoder.recover(lost.following.payload, lost.ms))
                self.recovered += 1
                return
        except OpusError:  # what follows is not Opus
            self.dropped += 1
        self.concealed += 1
        self._emit_pcm(self._decoder.conceal(lost.ms))

    def _is_opus(self, packet: rtp.RtpPacket) -> bool:
        return self._codecs[packet.payload_type].name == "opus"

    def _emit_pcm(self, pcm: bytes) -> None:
        codec = _L16[self._rate]
        if len(pcm) == codec.frame_bytes and not self._partial:
            self._emit(Frame(codec, pcm, pcm))
            return
        self._partial += pcm
        while len(self._partial) >= codec.frame_bytes:
            cut = bytes(self._partial[: codec.frame_bytes])
            del self._partial[: codec.frame_bytes]
            self._emit(Frame(codec, cut, cut))

    def _emit(self, frame: Frame) -> None:
        """Hand a frame on; in silence, one more or one less where the buffer's depth is to change."""
        buffer = self._buffer
        shorter = buffer.wants_shorter
        if (shorter or buffer.wants_longer) and self._is_silent(frame):
            if shorter:
                buffer.shortened()
                return
            buffer.lengthened()
            self._on_frame(frame)
        self._recent.append(frame)
        self._on_frame(frame)

    def _is_silent(self, frame: Frame) -> bool:
        """True between words. Asked of each frame for as long as one is wanted."""
        peak = frame.peak
        self._peaks.append(peak)
        noise = min(self._peaks) if len(self._peaks) == _LISTENED else 0
        return peak < max(_SILENT_PEAK, min(_NOISY_PEAK, _ABOVE_NOISE * noise))
