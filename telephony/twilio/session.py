"""One Twilio stream as the caller's leg: a thin shell around the wire format and a pipe."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal

import structlog
from aiohttp import web

from bridge.errors import BridgeError
from bridge.ports import CallAcceptor, Caller, Codec, LineListener
from telephony.framer import Framer
from telephony.identity import identify
from telephony.pipe import Pipe
from telephony.registry import StreamRegistry
from telephony.twilio import wire

log = structlog.get_logger()

START_TIMEOUT_S = 5.0

CheckStart = Callable[[wire.Start], str | None]
"""Why a stream must not begin, or None."""

EndReason = Literal["caller_hung_up", "line_lost"]


class TwilioSession:
    """A `bridge.ports.Line` on one media stream; `run` lasts as long as the stream does.

    Whatever cannot be used is dropped and counted in `counters`: malformed, unsupported, before_start,
    duplicate_start, foreign_stream, other_track, and those of Pipe. The call goes on.
    """

    codec = Codec.PCMU
    paced = True

    def __init__(
        self,
        request: web.Request,
        acceptor: CallAcceptor,
        registry: StreamRegistry,
        *,
        check_start: CheckStart = lambda start: None,
        start_timeout: float = START_TIMEOUT_S,
        default_channel: str = "",
    ) -> None:
        self.caller: Caller | None = None
        self._pipe = Pipe(request)
        self._acceptor = acceptor
        self._registry = registry
        self._check_start = check_start
        self._start_timeout = start_timeout
        self._default_channel = default_channel
        self._framer = Framer(self.codec)
        self._start: wire.Start | None = None
        self._listener: LineListener | None = None
        self._reason: EndReason = "line_lost"
        self._gone = asyncio.Event()

    @property
    def socket(self) -> web.WebSocketResponse:
        """The stream's WebSocket."""
        return self._pipe.ws

    @property
    def counters(self) -> Counter[str]:
        """What was dropped so far, by cause."""
        return self._pipe.counters

    async def run(self) -> web.WebSocketResponse:
        """Serve the stream to its end; the listener has heard `on_closed` when this returns."""
        late = (1008, f"no start within {self._start_timeout:g} s")
        try:
            await self._pipe.run(self._on_message, first_within=self._start_timeout, late=late)
        finally:
            self._end()
            if self._start is not None:
                self._registry.release(
                    self._start.call_sid,
                    self,
                    time.monotonic(),
                    broke_off=self._reason == "line_lost",
                )
            self._registry.counters.update(self.counters)
            self._gone.set()
            log.info(
                "twilio_stream_ended",
                stream=self._start.stream_sid if self._start else None,
                close_code=self._pipe.close_code,
                counted={name: count for name, count in self.counters.items() if count},
            )
        return self._pipe.ws

    def send_audio(self, payload: bytes) -> None:
        """Send one 20 ms frame of µ-law; on the wire when this returns, unless Twilio reads too slowly."""
        if len(payload) != self.codec.frame_bytes:
            raise ValueError(f"a frame is {self.codec.frame_bytes} bytes, not {len(payload)}")
        if self._start is not None:
            self._pipe.send_media(wire.media(self._start.stream_sid, payload))

    def clear(self) -> None:
        """Drop what Twilio and our own queue hold unplayed; every pending mark comes back."""
        if self._start is not None:
            self._pipe.clear(wire.clear(self._start.stream_sid))

    def mark(self, name: str) -> None:
        """Ask for `name` back when everything sent before has been played or cleared."""
        if self._start is not None:
            self._pipe.send_control(wire.mark(self._start.stream_sid, name))

    async def hang_up(self) -> None:
        """Close the stream, which ends the call: our TwiML has nothing after `<Connect>`. Idempotent.

        Not to be awaited from the task that runs this session.
        """
        self._reason = "caller_hung_up"
        self._pipe.close_soon(1000, "hung up")
        await self._gone.wait()

    def displace(self) -> None:
        """Give way to a newer stream of the same phone call. Idempotent."""
        self._end()
        self._pipe.close_soon(1001, "replaced by a newer stream")

    def _end(self) -> None:
        """Tell the call, once, that this leg is gone."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_closed(self._reason)

    def _on_message(self, message: bytes) -> None:
        event = wire.parse(message)
        if type(event) is wire.Media:  # nearly all are
            self._on_media(event)
            return
        match event:
            case wire.Malformed():
                self.counters["malformed"] += 1
            case wire.Unsupported():
                self.counters["unsupported"] += 1
            case wire.Connected():
                pass
            case wire.Start():
                self._on_start(event)
            case wire.Stop():
                self._on_stop()
            case wire.Dtmf(sid, digit):
                if listener := self._listener_of(sid):
                    listener.on_dtmf(digit)
            case wire.Mark(sid, name):
                if listener := self._listener_of(sid):
                    listener.on_mark(name)

    def _on_media(self, media: wire.Media) -> None:
        listener = self._listener_of(media.stream_sid)
        if listener is None:
            return
        if media.track != "inbound":
            self.counters["other_track"] += 1
            return
        for frame in self._framer.push(media.payload):
            listener.on_audio(frame)

    def _listener_of(self, stream_sid: str) -> LineListener | None:
        """Who hears what this stream brings; counts what nobody does."""
        if self._listener is None or self._start is None:
            self.counters["before_start"] += 1
        elif stream_sid and stream_sid != self._start.stream_sid:
            self.counters["foreign_stream"] += 1
        else:
            return self._listener
        return None

    def _on_start(self, start: wire.Start) -> None:
        if self._start is not None:
            self.counters["duplicate_start"] += 1
            return
        if (start.encoding.lower(), start.rate, start.channels) != (wire.ENCODING, wire.RATE, wire.CHANNELS):
            said = f"{start.encoding[:40]} at {start.rate} Hz, {start.channels} channels"
            self._refuse(1003, "unsupported_media", said)
            return
        if refusal := self._check_start(start):
            self._refuse(1008, "start_refused", refusal)
            return
        self._start = start
        # The older stream goes first, so that its place is free for the new one.
        previous = self._registry.claim(start.call_sid, self, time.monotonic())
        self.caller, notes = identify(
            start.parameters, provider="twilio", previous=previous, default_channel=self._default_channel
        )
        for note in notes:
            log.warning("caller_parameter_dropped", stream=start.stream_sid, note=note)
        try:
            self._listener = self._acceptor(self, self.caller)
        except BridgeError as error:
            self._refuse(1013, error.code, error.message)
            return
        log.info("twilio_stream_started", stream=start.stream_sid, call_id=self.caller.call_id)
        self._pipe.established()

    def _on_stop(self) -> None:
        if self._listener is not None and (rest := self._framer.flush()) is not None:
            self._listener.on_audio(rest)
        self._reason = "caller_hung_up"
        self._end()
        self._pipe.close_soon(1000, "stopped")

    def _refuse(self, code: int, name: str, why: str) -> None:
        log.warning("twilio_stream_refused", code=code, error=name, why=why)
        self._pipe.close_soon(code, f"{name}: {why}")
