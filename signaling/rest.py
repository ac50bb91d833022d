"""REST for bots and programs, sign-in for operators, and health for whoever watches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bridge.bot import phrases
from bridge.bot.bot import HandoffWish
from bridge.call.views import call_view
from bridge.errors import BridgeError
from bridge.thread.errors import StoreUnavailable
from signaling.access import bearer, refusal
from signaling.bodies import json_body
from signaling.errors import SignalingError, error_body
from signaling.rest_erasure import add_erasure
from signaling.rest_threads import add_threads
from signaling.texts import flag, optional_text
from signaling.tokens import AuthError

if TYPE_CHECKING:
    from signaling.app import Runtime

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CHECK_EVERY, _CHECK_WITHIN = 1.0, 3.0
_STATUS = {"not_with_bot": 409, "gone": 409, "call_live": 409, "store_unavailable": 503}


def add_routes(app: web.Application, runtime: Runtime) -> None:
    """Serve the contract's REST on `app`."""
    rest = _Rest(runtime)
    app.middlewares.append(_errors)
    add_threads(app, runtime)
    add_erasure(app, runtime)
    app.add_routes(
        [
            web.get("/healthz", rest.health),
            web.get("/readyz", rest.ready),
            web.post("/api/login", rest.login),
            web.get("/api/calls", rest.calls),
            web.get("/api/calls/{call_id}", rest.call),
            web.post("/api/calls/{call_id}/handoff", rest.handoff),
            web.post("/api/calls/{call_id}/pause_transcript", rest.pause_transcript),
            web.get("/api/calls/{call_id}/timeline", rest.timeline),
        ]
    )


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every refusal leaves as `{"error": {code, message}}`."""
    try:
        return await handler(request)
    except SignalingError as error:
        return refusal(error)
    except BridgeError as error:
        return web.json_response(error_body(error.code, error.message), status=_STATUS.get(error.code, 400))
    except web.HTTPException as error:
        if error.status < 400 or error.content_type == "application/json":
            raise
        code = error.reason.lower().replace(" ", "_")
        answer = web.json_response(error_body(code, f"{error.reason}."), status=error.status)
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


class _Rest:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._checked_at = float("-inf")
        self._problem: str | None = None

    async def health(self, request: web.Request) -> web.Response:
        """200 as soon as the process serves."""
        return web.json_response({"ok": True})

    async def ready(self, request: web.Request) -> web.Response:
        """200 where calls can be served in full, else 503 with what is missing."""
        runtime = self._runtime
        missing = {name: problem for name, problem in runtime.engine_problems().items() if problem}
        problem = await self._database_problem()
        if problem is not None:
            missing["database"] = problem
        body = {
            "ready": not missing,
            "missing": missing,
            "calls": len(runtime.switchboard.live),
            "counts": runtime.counts(),
        }
        return web.json_response(body, status=503 if missing else 200)

    async def _database_problem(self) -> str | None:
        """What the database refuses a write with; asked at most once a second, whoever asks."""
        now = time.monotonic()
        if now - self._checked_at >= _CHECK_EVERY:
            self._checked_at = now
            try:
                async with asyncio.timeout(_CHECK_WITHIN):
                    await self._runtime.store.check()
            except StoreUnavailable as error:
                self._problem = error.message
            except TimeoutError:
                self._problem = "The database does not answer."
            else:
                self._problem = None
        return self._problem

    async def login(self, request: web.Request) -> web.Response:
        """A token for an operator's name and password."""
        body = await json_body(request)
        name, password = body.get("username"), body.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            return _refuse(400, "bad_request", "`username` and `password` must be texts.")
        try:
            token, operator = await self._runtime.book.login(
                name, password, client=request.remote or "", now=time.time()
            )
        except AuthError as error:
            answer = refusal(error)
            if error.retry_after:
                answer.headers["Retry-After"] = str(round(error.retry_after))
            return answer
        return web.json_response({"token": token, "operator": operator.view()})

    async def calls(self, request: web.Request) -> web.Response:
        """The live calls."""
        self._runtime.access.check_request(request)
        return web.json_response([call_view(call) for call in self._runtime.switchboard.live])

    async def call(self, request: web.Request) -> web.Response:
        """One call, live or ended."""
        self._runtime.access.check_request(request)
        record = await self._record(request.match_info["call_id"])
        return web.json_response(record["view"]) if record else _no_call()

    async def timeline(self, request: web.Request) -> web.Response:
        """What happened in a call, in ms since it began."""
        self._runtime.access.check_request(request)
        record = await self._record(request.match_info["call_id"])
        return web.json_response(record["timeline"]) if record else _no_call()

    async def handoff(self, request: web.Request) -> web.Response:
        """Fetch a person for a call that is with the bot."""
        self._runtime.access.check_request(request)
        call = self._runtime.switchboard.find(request.match_info["call_id"])
        if call is None:
            return _no_call()
        body = await json_body(request, optional=True)
        given = {key: optional_text(body, key) for key in ("queue", "reason", "summary")}
        call.request_handoff(
            HandoffWish(
                given["queue"],
                given["reason"] or "Requested by a program.",
                given["summary"],
                phrases.CONNECTING,
            )
        )
        return web.json_response(call_view(call), status=202)

    async def pause_transcript(self, request: web.Request) -> web.Response:
        """Stop transcribing a live call, or go on."""
        self._runtime.access.check_request(request)
        call_id = request.match_info["call_id"]
        call = self._runtime.switchboard.find(call_id)
        on = flag(await json_body(request), "on")
        if call is not None:
            call.privacy.switch(on, by=self._who(request))
            return web.json_response(call_view(call))
        if await self._runtime.store.load_call(call_id) is not None:
            raise BridgeError("This call is over.", code="gone")
        return _no_call()

    def _who(self, request: web.Request) -> str:
        """The operator whose token a request carries, by name, else "a program"."""
        try:
            return self._runtime.book.verify_token(bearer(request), time.time()).name
        except AuthError:
            return "a program"

    async def _record(self, call_id: str) -> dict[str, Any] | None:
        """`{view, timeline}` of a call that lives, ended lately, or is in the database."""
        call = self._runtime.switchboard.find(call_id)
        if call is not None:
            return {"view": call_view(call), "timeline": call.timeline.view()}
        row = await self._runtime.store.load_call(call_id)
        if row is None:
            return None
        view = dict(row.view)
        timeline = view.pop("timeline", [])
        return {"view": view, "timeline": timeline}


def _no_call() -> web.Response:
    return _refuse(404, "not_found", "There is no such call.")


def _refuse(status: int, code: str, message: str) -> web.Response:
    return web.json_response(error_body(code, message), status=status)
