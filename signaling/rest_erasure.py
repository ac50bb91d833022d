"""REST for deleting conversations, and for who has done so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from bridge.errors import BridgeError
from bridge.thread.erasure import audit_view
from signaling.rest_threads import refuse, whole_number
from signaling.texts import is_unicode

if TYPE_CHECKING:
    from signaling.app import Runtime

_MOST_LINES = 1000
_LONGEST_NUMBER = 200


def add_erasure(app: web.Application, runtime: Runtime) -> None:
    """Serve deletion on `app`."""
    rest = _Erasure(runtime)
    app.add_routes(
        [
            web.delete("/api/threads/{thread_id}", rest.thread),
            web.delete("/api/callers/{number}", rest.caller),
            web.get("/api/audit", rest.audit),
        ]
    )


class _Erasure:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def thread(self, request: web.Request) -> web.Response:
        """Delete one conversation with all that hangs on it."""
        self._runtime.access.check_request(request)
        who = self._runtime.access.who(request)
        thread_id = _plain(request.match_info["thread_id"])
        if not await self._runtime.erasure.delete_thread(thread_id, who):
            return refuse(404, "not_found", "There is no such thread.")
        await self._runtime.erasure.scrub()
        return web.json_response({"deleted": 1})

    async def caller(self, request: web.Request) -> web.Response:
        """Delete every conversation of a number."""
        self._runtime.access.check_request(request)
        who = self._runtime.access.who(request)
        deleted = await self._runtime.erasure.delete_caller(_plain(request.match_info["number"]), who)
        if not deleted:
            return refuse(404, "not_found", "There is no conversation of this number.")
        await self._runtime.erasure.scrub()
        return web.json_response({"deleted": deleted})

    async def audit(self, request: web.Request) -> web.Response:
        """The last deletions, the newest first."""
        self._runtime.access.check_request(request)
        limit = whole_number(request, "limit", default=100, least=1, most=_MOST_LINES)
        lines = await self._runtime.erasure.audit(limit)
        return web.json_response([audit_view(line) for line in lines])


def _plain(text: str) -> str:
    """Part of a path that a database takes; raises BridgeError."""
    if len(text) > _LONGEST_NUMBER or not is_unicode(text):
        raise BridgeError(f"At most {_LONGEST_NUMBER} characters are wanted here.", code="bad_request")
    return text
