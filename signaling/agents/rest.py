"""REST of the agents' surface: what needs no connection that stays."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import TYPE_CHECKING

from aiohttp import web

from bridge.errors import BridgeError
from bridge.thread.errors import StoreUnavailable
from signaling.agents.configs import llm_view, refuse_changes, tts_view
from signaling.agents.dialer import device_view
from signaling.agents.sessions import Sessions
from signaling.agents.socket import AgentSocket
from signaling.bodies import json_body
from signaling.errors import error_body
from telephony.clawfinger.form import read_session_id
from telephony.errors import TelephonyError

if TYPE_CHECKING:
    from signaling.app import Runtime

Handler = Callable[[web.Request], Awaitable[web.Response]]

_STATUS = {
    "gone": 404,
    "not_with_bot": 409,
    "already_claimed": 409,
    "ambiguous": 409,
    "not_changeable": 409,
    "not_allowed": 403,
    "too_many": 429,
    "busy": 429,
}


def add_agents(app: web.Application, runtime: Runtime) -> None:
    """Serve software agents on `app`."""
    rest = _AgentRest(runtime)
    socket = AgentSocket(runtime.access, runtime.agents, runtime.sessions)
    context = "/api/agent/context/{session_id}"
    app.add_routes(
        [
            web.get("/api/agent/ws", socket.serve),
            web.post("/api/call/dial", rest.guarded(rest.dial)),
            web.post("/api/call/hangup", rest.guarded(rest.hang_up)),
            web.post("/api/call/inject", rest.guarded(rest.inject)),
            web.post("/api/agent/inject", rest.guarded(rest.inject)),
            web.get("/api/status", rest.guarded(rest.status)),
            web.get("/api/agent/sessions", rest.guarded(rest.active)),
            web.get("/api/agent/call/{session_id}", rest.guarded(rest.call_state)),
            web.get(context, rest.guarded(rest.get_context)),
            web.post(context, rest.guarded(rest.set_context)),
            web.delete(context, rest.guarded(rest.clear_context)),
            web.post("/api/session/end", rest.guarded(rest.end_session)),
            web.get("/api/config/tts", rest.guarded(rest.get_tts)),
            web.post("/api/config/tts", rest.guarded(rest.set_tts)),
            web.get("/api/config/llm", rest.guarded(rest.get_llm)),
            web.post("/api/config/llm", rest.guarded(rest.set_llm)),
        ]
    )


class _AgentRest:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._began = time.monotonic()

    @property
    def _sessions(self) -> Sessions:
        return self._runtime.sessions

    def guarded(self, handler: Handler) -> Handler:
        """`handler` for whoever has the right; refusals have the guide's `ok` and `detail` beside `error`."""

        async def handle(request: web.Request) -> web.Response:
            self._runtime.access.check_request(request)
            try:
                return await handler(request)
            except (BridgeError, TelephonyError) as error:
                body = {"ok": False, "detail": error.message, **error_body(error.code, error.message)}
                return web.json_response(body, status=_STATUS.get(error.code, 400))

        return handle

    async def dial(self, request: web.Request) -> web.Response:
        """Let the phone dial a number."""
        number = (await json_body(request)).get("number")
        ok, detail = await self._sessions.dial(number)
        if ok:
            self._sessions.dialled(number)
        return web.json_response({"ok": ok, "detail": detail})

    async def hang_up(self, request: web.Request) -> web.Response:
        """Hang up and end the session."""
        session_id = (await json_body(request, optional=True)).get("session_id")
        ok, detail, ended = await self._sessions.hang_up(session_id)
        return web.json_response({"ok": ok, "detail": detail, "session_id": ended})

    async def inject(self, request: web.Request) -> web.Response:
        """Have something said to the caller."""
        body = await json_body(request)
        session_id = self._sessions.inject(body.get("session_id"), body.get("text"))
        return web.json_response({"ok": True, "session_id": session_id})

    async def active(self, request: web.Request) -> web.Response:
        """Ids of the live sessions, oldest first."""
        return web.json_response(self._sessions.active)

    async def call_state(self, request: web.Request) -> web.Response:
        """All about one session."""
        return web.json_response(self._sessions.state(request.match_info["session_id"]))

    async def get_context(self, request: web.Request) -> web.Response:
        """What the model was given to know."""
        call = self._sessions.find(request.match_info["session_id"])
        knowledge = call.context.knowledge or ""
        body = {"session_id": call.caller.call_id, "knowledge": knowledge, "has_knowledge": bool(knowledge)}
        return web.json_response(body)

    async def set_context(self, request: web.Request) -> web.Response:
        """Give the model something to know, in place of what it had."""
        text = (await json_body(request)).get("context")
        session_id = self._sessions.set_context(request.match_info["session_id"], text)
        return web.json_response({"ok": True, "session_id": session_id})

    async def clear_context(self, request: web.Request) -> web.Response:
        """Let the model forget it."""
        session_id = self._sessions.clear_context(request.match_info["session_id"])
        return web.json_response({"ok": True, "session_id": session_id})

    async def end_session(self, request: web.Request) -> web.Response:
        """End a session, without a word to the phone's cable; for programs and for the phone itself."""
        session_id = await read_session_id(request)
        if not session_id:
            raise BridgeError("`session_id` must be a session's id.", code="bad_request")
        return web.json_response({"ok": True, "session_id": self._sessions.end(session_id)})

    async def get_tts(self, request: web.Request) -> web.Response:
        """How the bot speaks."""
        return web.json_response(tts_view(self._runtime.settings))

    async def set_tts(self, request: web.Request) -> web.Response:
        """Refused, unless it asks for what already is."""
        view = tts_view(self._runtime.settings)
        refuse_changes(view, await json_body(request), "PATCHBAY_PIPER_VOICE")
        return web.json_response({"ok": True, **view})

    async def get_llm(self, request: web.Request) -> web.Response:
        """Which model the bot asks."""
        return web.json_response(llm_view(self._runtime.settings))

    async def set_llm(self, request: web.Request) -> web.Response:
        """Refused, unless it asks for what already is."""
        view = llm_view(self._runtime.settings)
        refuse_changes(view, await json_body(request), "PATCHBAY_LLM_URL, _KEY and _MODEL")
        return web.json_response({"ok": True, **view})

    async def status(self, request: web.Request) -> web.Response:
        """How the server is."""
        runtime, hub = self._runtime, self._runtime.agents
        problems = {name: problem for name, problem in runtime.engine_problems().items() if problem}
        dialer = self._sessions.dialer
        devices, llm = [device_view(device) for device in dialer.devices], llm_view(runtime.settings)
        uptime = round(time.monotonic() - self._began)
        body = {
            "ok": True,
            "version": version("patchbay"),
            "uptime_s": uptime,
            "uptimeS": uptime,
            "engines": {
                **{
                    name: {"ready": problem is None, "problem": problem}
                    for name, problem in runtime.engine_problems().items()
                },
                "llm": {"configured": runtime.llm is not None, "model": llm["model"]},
            },
            "phones": {"status": dialer.status, "devices": devices},
            "outbox": await self._outbox(),
            "total_calls": hub.calls_seen,
            "active_sessions": len(self._sessions.active),
            "sessions": self._sessions.active,
            "pending_turns": hub.requests.pending,
            "agents": hub.agents(),
            "devices": devices,
            "phone": {"ok": dialer.status is None, "detail": dialer.status or ""},
            "problems": problems,
            "llm": llm,
            "tts": tts_view(runtime.settings),
            "config": self._sessions.call_config(),
            "counts": runtime.counts(),
        }
        return web.json_response(body)

    async def _outbox(self) -> dict[str, object] | None:
        """What waits for alive5; None where nothing is delivered there, or the database does not answer."""
        if self._runtime.pump is None:
            return None
        try:
            figures = await self._runtime.store.outbox_figures()
        except StoreUnavailable:
            return None
        pending = sum(figures.rows.get(state, 0) for state in ("pending", "sending"))
        return {"pending": pending, "oldestS": round(figures.oldest_s) if pending else None}
