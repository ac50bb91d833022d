"""The bridge that we compare ourselves with: aiohttp and stock aiortc, written the way aiortc's examples are.

`python -m benchmarks.media.stock_bridge` prints `http://127.0.0.1:PORT` and serves until it is terminated:
`WS /stream` takes a call in Twilio's media-stream JSON, `POST /offer {callSid, sdp}` joins a browser to it
and answers `{sdp}`. It does what a bridge has to and no more: the caller is heard by the browser and the
browser by the caller, and a voice activity detector listens to both. No buffer of its own stands in the
way, sending and receiving are aiortc's, and it runs on uvloop as our own server does.
"""

from __future__ import annotations

import asyncio
import base64
import fractions
import json
import signal
from typing import Any

import av
import uvloop
import webrtcvad  # type: ignore[import-untyped]
from aiohttp import WSMsgType, web
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from bridge.media.g711 import ulaw_decode, ulaw_encode

RATE = 8000
_FRAME_BYTES = RATE // 50 * 2
_QUEUED_MOST = 25
_VAD_MODE = 2


class CallerTrack(MediaStreamTrack):
    """The caller's voice as a track: what the stream brings, when it comes."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(_QUEUED_MOST)
        self._sent = 0

    def put(self, pcm: bytes) -> None:
        """Take 20 ms of s16le; the oldest is dropped where the track is not read."""
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(pcm)

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms."""
        pcm = await self._frames.get()
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
        frame.planes[0].update(pcm)
        frame.sample_rate, frame.pts = RATE, self._sent
        frame.time_base = fractions.Fraction(1, RATE)
        self._sent += frame.samples
        return frame


class StockCall:
    """One caller's stream, and the browser that has been joined to it."""

    def __init__(self, socket: web.WebSocketResponse, stream_sid: str) -> None:
        self._socket, self._stream_sid = socket, stream_sid
        self._caller_vad, self._operator_vad = webrtcvad.Vad(_VAD_MODE), webrtcvad.Vad(_VAD_MODE)
        self._peer: RTCPeerConnection | None = None
        self._track = CallerTrack()
        self._relaying: asyncio.Task[None] | None = None
        self._unheard = b""
        self.speech_frames = 0

    def from_caller(self, payload: bytes) -> None:
        """One medium of the stream's."""
        pcm = ulaw_decode(payload)
        if len(pcm) == _FRAME_BYTES:
            self.speech_frames += self._caller_vad.is_speech(pcm, RATE)
        self._track.put(pcm)

    async def answer(self, offer: str) -> str:
        """Join a browser; our answer."""
        self._peer = RTCPeerConnection()
        self._peer.addTrack(self._track)
        self._peer.on("track", self._on_track)
        await self._peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await self._peer.setLocalDescription(await self._peer.createAnswer())
        return str(self._peer.localDescription.sdp)

    async def close(self) -> None:
        """The caller has hung up."""
        if self._peer is not None:
            await self._peer.close()
        if self._relaying is not None:
            await self._relaying

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._relaying = asyncio.create_task(self._relay(track))

    async def _relay(self, track: MediaStreamTrack) -> None:
        # Without `frame_size`, which would hold each frame back until the next: a stream takes any length.
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            assert isinstance(frame, av.AudioFrame)
            for resampled in resampler.resample(frame):
                pcm = bytes(resampled.planes[0])[: resampled.samples * 2]
                self._listen(pcm)
                payload = base64.b64encode(ulaw_encode(pcm)).decode()
                media = {"event": "media", "streamSid": self._stream_sid, "media": {"payload": payload}}
                try:
                    await self._socket.send_str(json.dumps(media))
                except ConnectionError:
                    return

    def _listen(self, pcm: bytes) -> None:
        """Tell speech in the operator's sound, in pieces of 20 ms."""
        self._unheard += pcm
        while len(self._unheard) >= _FRAME_BYTES:
            piece, self._unheard = self._unheard[:_FRAME_BYTES], self._unheard[_FRAME_BYTES:]
            self.speech_frames += self._operator_vad.is_speech(piece, RATE)


_CALLS: web.AppKey[dict[str, StockCall]] = web.AppKey("calls", dict)


async def stream(request: web.Request) -> web.WebSocketResponse:
    """One call's audio, both ways."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    calls, call_sid = request.app[_CALLS], ""
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        event: dict[str, Any] = json.loads(message.data)
        match event["event"]:
            case "start":
                call_sid = event["start"]["callSid"]
                calls[call_sid] = StockCall(socket, event["start"]["streamSid"])
            case "media" if call_sid:
                calls[call_sid].from_caller(base64.b64decode(event["media"]["payload"]))
            case "stop":
                break
    if call_sid:
        await calls.pop(call_sid).close()
    return socket


async def offer(request: web.Request) -> web.Response:
    """Join a browser to a call."""
    body = await request.json()
    call = request.app[_CALLS].get(body["callSid"])
    if call is None:
        raise web.HTTPNotFound
    return web.json_response({"sdp": await call.answer(body["sdp"])})


def build() -> web.Application:
    """The bridge as an aiohttp application."""
    app = web.Application()
    app[_CALLS] = {}
    app.router.add_get("/stream", stream)
    app.router.add_post("/offer", offer)
    return app


async def main() -> None:
    """Serve on a free port until SIGTERM."""
    runner = web.AppRunner(build(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(main())
