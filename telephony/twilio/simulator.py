"""The other side of the stream: a client that behaves as Twilio does, for tests and the terminal."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

from bridge.media.g711 import ulaw_encode
from telephony.errors import TelephonyError
from telephony.twilio import dialer, signature
from telephony.twilio.playout import SILENCE, SLOT_BYTES, Playout, Slot
from telephony.twilio.recording import Recording

SLOT_S = 0.02
_MAX_SPEECH = 10 * 60 * 8000
_LATE_S = 0.5


class TwilioSimulator(Recording):
    """One phone call: speaks in real time, and plays what it gets as a phone would.

    Media go out every 20 ms from `start` on, silence where nothing is to be said. Use as `async with`;
    leaving it hangs up. What comes back, and how to wait for it: see Recording.
    """

    def __init__(
        self,
        url: str,
        *,
        parameters: Mapping[str, str] | None = None,
        call_sid: str | None = None,
        auth_token: str | None = None,
        signed_url: str | None = None,
        on_slot: Callable[[Slot], None] | None = None,
    ) -> None:
        """`url`: ws:// or wss:// address of the stream, signed with `auth_token` where that is known.

        `signed_url`: the address to sign, where the server believes to have another; `on_slot` is called
        with every slot as it is heard.
        """
        super().__init__(on_slot)
        self.url = url
        self.parameters = dict(parameters or {})
        self.call_sid = call_sid or "CA" + secrets.token_hex(16)
        self.stream_sid = "MZ" + secrets.token_hex(16)
        self.account_sid = "AC" + secrets.token_hex(16)
        self._signature = signature.sign(auth_token, signed_url or url) if auth_token else None
        self._playout = Playout()
        self._speech = bytearray()
        self._due_marks: list[str] = []
        self._playing = False
        self._sequence = 0
        self._chunk = 0
        self._http: aiohttp.ClientSession | None = None
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def dial(
        cls,
        base_url: str,
        call: dialer.IncomingCall | None = None,
        *,
        auth_token: str | None = None,
        public_url: str | None = None,
        on_slot: Callable[[Slot], None] | None = None,
    ) -> Self:
        """Post the voice webhook at `base_url` and follow the TwiML; to be entered with `async with`.

        `public_url`: the server's own idea of its origin, where that differs. Raises CallRejected.
        """
        call = call or dialer.IncomingCall()
        target = await dialer.request_twiml(base_url, call, auth_token=auth_token, public_url=public_url)
        return cls(
            dialer.beside(target.url, base_url),
            parameters=target.parameters,
            call_sid=call.call_sid,
            auth_token=auth_token,
            signed_url=target.url,
            on_slot=on_slot,
        )

    async def __aenter__(self) -> Self:
        headers = {signature.HEADER: self._signature} if self._signature else {}
        self._http = aiohttp.ClientSession()
        try:
            self._ws = await self._http.ws_connect(self.url, headers=headers, max_msg_size=0)
        except BaseException:
            await self._http.close()
            raise
        await self.begin()
        self._tasks = [
            asyncio.create_task(self._listen(self._ws), name="simulator-listen"),
            asyncio.create_task(self._keep_time(), name="simulator-clock"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception) and error is None:
                raise outcome

    async def begin(self) -> None:
        """Send `connected` and `start`. Override it to misbehave."""
        await self.send_event({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self.send_start()

    async def send_start(self, **changes: Any) -> None:
        """Send `start`, with `changes` to its fields."""
        start = {
            "accountSid": self.account_sid,
            "streamSid": self.stream_sid,
            "callSid": self.call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self.parameters,
        }
        await self._send_numbered({"event": "start", "start": start | changes})

    def speak(self, ulaw: bytes) -> None:
        """Let the caller say this (µ-law, 8 kHz) after what is still unsaid. Raises beyond ten minutes."""
        if len(self._speech) + len(ulaw) > _MAX_SPEECH:
            raise TelephonyError("That is more than ten minutes of speech.", code="speech_too_long")
        self._speech += ulaw

    def speak_pcm(self, pcm: bytes) -> None:
        """The same for s16le samples at 8 kHz."""
        self.speak(ulaw_encode(pcm))

    async def spoken(self, within: float | None = None) -> None:
        """Wait until everything to be said has been sent."""
        await self.until(lambda: not self._speech, within)

    async def press(self, digit: str) -> None:
        """Press a key of the phone."""
        await self._send_numbered({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": digit}})

    async def hang_up(self) -> None:
        """Send `stop` and close the socket. Idempotent."""
        if self._ws is not None and not self._ws.closed:
            stop = {"accountSid": self.account_sid, "callSid": self.call_sid}
            await self._send_numbered({"event": "stop", "stop": stop})
            await self._ws.close()
        await self.drop()

    async def drop(self) -> None:
        """Let the network go: no `stop`, no close frame. Idempotent."""
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def send_event(self, event: Mapping[str, Any]) -> None:
        """Send any JSON object as it is."""
        await self.send_raw(orjson.dumps(event).decode())

    async def send_raw(self, message: str | bytes) -> None:
        """Send any text or binary message; nothing where the socket is closed."""
        if self._ws is None:
            return
        try:
            await (self._ws.send_str(message) if isinstance(message, str) else self._ws.send_bytes(message))
        except ConnectionError:
            pass  # `closed` tells

    async def _send_numbered(self, event: dict[str, Any]) -> None:
        self._sequence += 1
        numbered = {"event": event.pop("event"), "sequenceNumber": str(self._sequence)}
        await self.send_event(numbered | {"streamSid": self.stream_sid} | event)

    async def _keep_time(self) -> None:
        """Play and speak one slot every 20 ms by the clock, until the socket is closed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time()
        while not self._ended.is_set():
            deadline += SLOT_S
            late = loop.time() - deadline
            if late > _LATE_S:  # this machine was away: nobody wants the missed time in a burst
                deadline += late
            await asyncio.sleep(max(0.0, -late))
            await self._tick()

    async def _tick(self) -> None:
        await self._return_marks()
        slot, self._due_marks = self._playout.tick()  # they are due when this slot has been heard
        self._playing = slot is not None
        self._hear(slot, SILENCE)
        said = bytes(self._speech[:SLOT_BYTES])
        del self._speech[:SLOT_BYTES]
        self._chunk += 1
        media = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str((self._chunk - 1) * 20),
            "payload": base64.b64encode(said + SILENCE[len(said) :]).decode(),
        }
        await self._send_numbered({"event": "media", "media": media})
        self._wake()

    async def _return_marks(self, names: Sequence[str] = ()) -> None:
        due, self._due_marks = [*self._due_marks, *names], []
        for name in due:
            await self._send_numbered({"event": "mark", "mark": {"name": name}})

    async def _listen(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        try:
            async for message in ws:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._on_message(orjson.loads(message.data))
        finally:
            self._end(ws.close_code)

    async def _on_message(self, document: dict[str, Any]) -> None:
        """Act on one message of the server's; raises TelephonyError on what Twilio would not take."""
        if document.get("streamSid") != self.stream_sid:
            raise TelephonyError("A message without our streamSid.", code="31924")
        match document.get("event"):
            case "media":
                payload = base64.b64decode(document["media"]["payload"], validate=True)
                self._playout.feed(payload)
                self._arrive("media", payload)
            case "mark":
                name = document["mark"]["name"]
                self._arrive("mark", name=name)
                self._due_marks += self._playout.mark(name)
                if not self._playing:  # else its turn comes when the slot in the air has been heard
                    await self._return_marks()
            case "clear":
                self._arrive("clear")
                await self._return_marks(self._playout.clear())
            case unknown:
                raise TelephonyError(f"Twilio does not know {unknown!r}.", code="31924")
