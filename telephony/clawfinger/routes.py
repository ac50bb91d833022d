"""The phone app's HTTP: turns, recognition, sessions, the call configuration, health."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bridge.errors import BridgeError
from telephony.clawfinger.form import BadForm, read_object, read_parts, read_session_id, read_turn
from telephony.clawfinger.phone_app import PhoneApp
from telephony.clawfinger.poster import Poster
from telephony.clawfinger.stream import TurnStream
from telephony.clawfinger.wav import read_wav
from telephony.errors import TelephonyError

log = structlog.get_logger()

Check = Callable[[web.Request], None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS = {"busy": 409, "over_capacity": 503, "speech_unavailable": 503, "config_not_kept": 500, "gone": 404}


def add_routes(
    app: web.Application, phones: PhoneApp, check: Check, health: Callable[[], dict[str, object]]
) -> None:
    """Serve the phone app on `app`.

    `check` raises for a request without the right to any of this; `health` adds to what `/health` says.
    """
    doors = _Doors(phones, check, health)
    app.add_routes(
        [
            web.get("/health", doors.guarded(doors.health)),
            web.post("/api/turn", doors.guarded(doors.turn)),
            web.post("/api/turn/stream", doors.guarded(doors.stream)),
            web.post("/api/asr", doors.guarded(doors.asr)),
            web.post("/api/session/new", doors.guarded(doors.new)),
            web.post("/api/session/reset", doors.guarded(doors.reset)),
            web.get("/api/config/call", doors.guarded(doors.config)),
            web.post("/api/config/call", doors.guarded(doors.configure)),
        ]
    )


class _Doors:
    def __init__(self, phones: PhoneApp, check: Check, health: Callable[[], dict[str, object]]) -> None:
        self._phones, self._check, self._health = phones, check, health

    def guarded(self, handler: Handler) -> Handler:
        """`handler` for those who may; its refusals in our shape, beside the reference gateway's `detail`."""

        async def guard(request: web.Request) -> web.StreamResponse:
            self._check(request)
            try:
                return await handler(request)
            except (TelephonyError, BridgeError) as error:
                log.info("phone_request_refused", path=request.path, code=error.code)
                return web.json_response(_refusal(error), status=_STATUS.get(error.code, 400))
            except ConnectionError:
                log.info("phone_gone", path=request.path)
                return web.Response(status=400)  # which nobody is there to read

        return guard

    async def health(self, request: web.Request) -> web.Response:
        """GET: that the server is there, and how many sessions there are."""
        return web.json_response({"ok": True, "active_sessions": len(self._phones.active), **self._health()})

    async def turn(self, request: web.Request) -> web.Response:
        """POST: an utterance; the answer as one file."""
        return web.json_response((await self._phones.turn(await read_turn(request), Poster(request))).view())

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """POST: an utterance; the answer as lines of JSON, each as soon as it is known."""
        form = await read_turn(request)
        if form.reset and not form.forced_reply:
            # The app leaves out what it wants to be said, but says it as what it has heard.
            form = form.greeting()
        if not form.forced_reply:
            read_wav(form.audio)  # once the first line is out, no status can say that it is bad
        stream = TurnStream(request)
        try:
            await stream.finish(await self._phones.turn(form, stream))
        except (TelephonyError, BridgeError) as error:
            if stream.response is None:
                raise
            await stream.fail(error.message)
        assert stream.response is not None
        return stream.response

    async def asr(self, request: web.Request) -> web.Response:
        """POST: the text of a recording."""
        began = time.monotonic()
        parts = await read_parts(request)
        if "audio" not in parts:
            raise BadForm("The form has no part named `audio`.")
        recording = parts["audio"]
        text = await self._phones.desk.transcripts.text(recording, read_wav(recording))
        return web.json_response({"transcript": text, "asr_ms": round((time.monotonic() - began) * 1000)})

    async def new(self, request: web.Request) -> web.Response:
        """POST: a session for a first turn to come."""
        return web.json_response({"session_id": self._phones.new().id})

    async def reset(self, request: web.Request) -> web.Response:
        """POST `session_id`: it begins anew, under a new id that the old one means as well."""
        session_id = await read_session_id(request)
        if not session_id:
            raise BadForm("There is no `session_id` in the request.")
        return web.json_response({"ok": True, "session_id": self._phones.reset(session_id).id})

    async def config(self, request: web.Request) -> web.Response:
        """GET: the call configuration."""
        return web.json_response(self._phones.desk.config.view())

    async def configure(self, request: web.Request) -> web.Response:
        """POST some keys of the call configuration: all are taken over, or none."""
        return web.json_response({"ok": True, **self._phones.desk.config.update(await read_object(request))})


def _refusal(error: TelephonyError | BridgeError) -> dict[str, object]:
    return {"ok": False, "error": {"code": error.code, "message": error.message}, "detail": error.message}
