"""The phone app's HTTP: turns, recognition, sessions, the call configuration, health."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bridge.errors import BridgeError
from telephony.clawfinger.answer import Answer
from telephony.clawfinger.form import BadForm, as_text, read_parts, read_turn
from telephony.clawfinger.phone_app import PhoneApp
from telephony.clawfinger.wav import read_wav
from telephony.errors import TelephonyError

log = structlog.get_logger()

Check = Callable[[web.Request], None]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_MAX_BODY = 64 * 1024
_PIECE = 48 * 1024
"""Bytes of sound in one event of the stream; a multiple of three, so that no piece but the last is padded."""
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
        return web.json_response((await self._phones.turn(await read_turn(request))).view())

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """POST: an utterance; the answer as lines of JSON. `done` also says whether to hang up."""
        form = await read_turn(request)
        if form.reset and not form.forced_reply:
            # The app leaves out what it wants to be said, but says it as what it has heard.
            form = form.greeting()
        answer = await self._phones.turn(form)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for event in _events(answer):
            await response.write(json.dumps(event).encode() + b"\n")
        await response.write_eof()
        return response

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
        """POST a form with `session_id`: it begins anew, under a new id that the old one means as well."""
        session_id = as_text((await read_parts(request)).get("session_id", b""))
        if not session_id:
            raise BadForm("The form has no `session_id`.")
        return web.json_response({"ok": True, "session_id": self._phones.reset(session_id).id})

    async def config(self, request: web.Request) -> web.Response:
        """GET: the call configuration."""
        return web.json_response(self._phones.desk.config.view())

    async def configure(self, request: web.Request) -> web.Response:
        """POST some keys of the call configuration: all are taken over, or none."""
        return web.json_response({"ok": True, **self._phones.desk.config.update(await _object(request))})


async def _object(request: web.Request) -> dict[str, object]:
    """The request's body, one JSON object. Raises BadForm."""
    body = await request.content.read(_MAX_BODY + 1)
    while len(body) <= _MAX_BODY and (more := await request.content.read(_MAX_BODY)):
        body += more
    if len(body) > _MAX_BODY:
        raise BadForm(f"The body is larger than {_MAX_BODY} bytes.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadForm("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise BadForm("The body must be a JSON object.")
    return found


def _events(answer: Answer) -> list[dict[str, object]]:
    """`answer` as the app's stream parser takes it: pieces of sound that make one file."""
    view, wav = answer.view(), answer.wav
    events: list[dict[str, object]] = [
        {"event": "session", "session_id": answer.session_id},
        {"event": "asr", "transcript": answer.transcript},
        {"event": "reply", "reply": view["reply"]},
    ]
    for index, at in enumerate(range(0, len(wav), _PIECE)):
        piece = base64.b64encode(wav[at : at + _PIECE]).decode()
        events.append({"event": "audio", "index": index, "chunk_base64": piece})
    rest = {name: view[name] for name in ("ok", "hangup", "rejected", "reason", "metrics") if name in view}
    return [*events, {"event": "done", "session_id": answer.session_id, **rest}]


def _refusal(error: TelephonyError | BridgeError) -> dict[str, object]:
    return {"ok": False, "error": {"code": error.code, "message": error.message}, "detail": error.message}
