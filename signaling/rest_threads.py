"""REST for conversations: read, list, find, and let others read."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from bridge.thread.views import iso_utc, message_view
from signaling.errors import error_body
from signaling.texts import is_unicode

if TYPE_CHECKING:
    from signaling.app import Runtime

_MOST_THREADS = 200
_MOST_SOUGHT = 100
_AFTER_ALL = 2**31 - 1


def add_threads(app: web.Application, runtime: Runtime) -> None:
    """Serve the conversations on `app`."""
    threads = _Threads(runtime)
    app.add_routes(
        [
            web.get("/api/threads", threads.threads),
            web.get("/api/threads/{thread_id}", threads.thread),
            web.post("/api/threads/{thread_id}/viewer-token", threads.viewer_token),
        ]
    )


class _Threads:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def thread(self, request: web.Request) -> web.Response:
        """One conversation in order."""
        thread_id = request.match_info["thread_id"]
        self._runtime.access.check_reading(request, thread_id)
        messages = await self._runtime.store.messages(thread_id)
        if messages is None:
            return _refuse(404, "not_found", "There is no such thread.")
        return web.json_response({"threadId": thread_id, "messages": [message_view(m) for m in messages]})

    async def viewer_token(self, request: web.Request) -> web.Response:
        """A link to one conversation for somebody who is no operator."""
        self._runtime.access.check_request(request)
        thread_id = request.match_info["thread_id"]
        if await self._runtime.store.messages(thread_id, after_seq=_AFTER_ALL) is None:
            return _refuse(404, "not_found", "There is no such thread.")
        token, expires = self._runtime.book.issue_viewer_token(thread_id, time.time())
        origin = self._runtime.settings.public_url or f"{request.scheme}://{request.host}"
        body = {
            "token": token,
            "expiresAt": iso_utc(datetime.fromtimestamp(expires, UTC)),
            # Behind the #, so that no server on the way writes it down.
            "url": f"{origin}/threads/{quote(thread_id, safe='')}#token={token}",
        }
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    async def threads(self, request: web.Request) -> web.Response:
        """The newest threads, or those of them whose id, number or name has `q` in it."""
        self._runtime.access.check_request(request)
        try:
            limit = int(request.query.get("limit", "50"))
        except ValueError:
            limit = 0
        if not 1 <= limit <= _MOST_THREADS:
            return _refuse(400, "bad_request", f"`limit` must be a number from 1 to {_MOST_THREADS}.")
        sought = request.query.get("q", "").strip()
        if len(sought) > _MOST_SOUGHT or not is_unicode(sought):
            return _refuse(400, "bad_request", f"`q` must be a text of at most {_MOST_SOUGHT} characters.")
        found = await self._runtime.store.threads(limit=limit, matching=sought)
        rows = [
            {
                "threadId": row.thread_id,
                "crmId": row.crm_id,
                "channelId": row.channel_id,
                "number": row.number,
                "name": row.name,
                "lastAt": iso_utc(row.last_at),
                "messageCount": row.message_count,
            }
            for row in found
        ]
        return web.json_response(rows)


def _refuse(status: int, code: str, message: str) -> web.Response:
    return web.json_response(error_body(code, message), status=status)
