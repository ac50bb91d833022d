"""REST for conversations: read, list, find, save as a file, and let others read."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from bridge.errors import BridgeError
from bridge.ports import Message
from bridge.thread.export import FORMATS, export, file_name
from bridge.thread.search import hit_view, search
from bridge.thread.views import iso_utc, message_view, summary_view
from signaling.errors import error_body
from signaling.texts import is_unicode

if TYPE_CHECKING:
    from signaling.app import Runtime

_MOST_THREADS = 200
_MOST_SOUGHT = 100
_AFTER_ALL = 2**31 - 1
_MOST_MESSAGES = 1000
_LAST_ROW = 2**63 - 1
_SEARCH = "search"


def add_threads(app: web.Application, runtime: Runtime) -> None:
    """Serve the conversations on `app`."""
    threads = _Threads(runtime)
    app.add_routes(
        [
            web.get("/api/threads", threads.threads),
            # Before the next, which it would be taken for.
            web.get("/api/threads/search", threads.search),
            web.get("/api/threads/{thread_id}", threads.thread),
            web.get("/api/threads/{thread_id}/export", threads.export),
            web.post("/api/threads/{thread_id}/viewer-token", threads.viewer_token),
        ]
    )


class _Threads:
    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def thread(self, request: web.Request) -> web.Response:
        """One conversation in order: the whole, or `limit` messages behind `afterSeq`."""
        thread_id = request.match_info["thread_id"]
        self._runtime.access.check_reading(request, thread_id)
        return await self._conversation(request, thread_id)

    async def _conversation(self, request: web.Request, thread_id: str) -> web.Response:
        after = whole_number(request, "afterSeq", default=0, least=0, most=_AFTER_ALL)
        limit = whole_number(request, "limit", default=0, least=1, most=_MOST_MESSAGES)
        store = self._runtime.store
        if limit:
            messages = await store.messages(thread_id, after_seq=after, limit=limit + 1)
        else:
            messages = await store.all_messages(thread_id, after_seq=after)
        if messages is None:
            return refuse(404, "not_found", "There is no such thread.")
        body: dict[str, object] = {"threadId": thread_id}
        if limit:
            body["more"] = len(messages) > limit
            messages = messages[:limit]
        # A long conversation takes a while to be written out, and live calls share this loop.
        text = await asyncio.to_thread(_with_messages, body, messages)
        return web.json_response(text=text)

    async def search(self, request: web.Request) -> web.Response:
        """Messages with these words in them, and threads with this number or name; the newest first.

        A conversation may have the id "search": without `q` it is that one, where it is there.
        """
        if "q" not in request.query:
            self._runtime.access.check_reading(request, _SEARCH)
            if await self._runtime.store.messages(_SEARCH, after_seq=_AFTER_ALL) is not None:
                return await self._conversation(request, _SEARCH)
        self._runtime.access.check_request(request)
        limit = whole_number(request, "limit", default=50, least=1, most=_MOST_THREADS)
        before = whole_number(request, "before", default=0, least=1, most=_LAST_ROW)
        database = self._runtime.store.database
        page = await search(database, _sought(request), limit=limit, before=before or None)
        return web.json_response({"results": [hit_view(hit) for hit in page.hits], "before": page.before})

    async def export(self, request: web.Request) -> web.Response:
        """One conversation, or one call of it, as a file."""
        thread_id = request.match_info["thread_id"]
        self._runtime.access.check_reading(request, thread_id)
        form = FORMATS.get(request.query.get("format", "json"))
        if form is None:
            return refuse(400, "bad_request", f"`format` must be one of {', '.join(FORMATS)}.")
        messages = await self._runtime.store.all_messages(thread_id)
        if messages is None:
            return refuse(404, "not_found", "There is no such thread.")
        call_id = request.query.get("callId")
        wanted = [m for m in messages if call_id in (None, m.call_id)]
        if call_id is not None and not wanted and not self._in_thread(call_id, thread_id):
            return refuse(404, "not_found", "There is no such call in this thread.")
        made = await asyncio.to_thread(export, thread_id, wanted, form)
        name = file_name(thread_id, made.suffix)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return web.Response(text=made.body, content_type=made.content_type, charset="utf-8", headers=headers)

    def _in_thread(self, call_id: str, thread_id: str) -> bool:
        """True for a call of this thread in which nothing may have been said yet."""
        call = self._runtime.switchboard.find(call_id)
        return call is not None and call.caller.thread_id == thread_id

    async def viewer_token(self, request: web.Request) -> web.Response:
        """A link to one conversation for somebody who is no operator."""
        self._runtime.access.check_request(request)
        thread_id = request.match_info["thread_id"]
        if await self._runtime.store.messages(thread_id, after_seq=_AFTER_ALL) is None:
            return refuse(404, "not_found", "There is no such thread.")
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
        limit = whole_number(request, "limit", default=50, least=1, most=_MOST_THREADS)
        found = await self._runtime.store.threads(limit=limit, matching=_sought(request))
        return web.json_response([summary_view(row) for row in found])


def _with_messages(body: Mapping[str, object], messages: Sequence[Message]) -> str:
    """`body` with `messages` as JSON, encoded one by one: one long step in C lets no other thread run."""
    views = ", ".join(json.dumps(message_view(message)) for message in messages)
    return f'{json.dumps(body)[:-1]}, "messages": [{views}]}}'


def _sought(request: web.Request) -> str:
    """What `q` asks for; raises BridgeError where it cannot be."""
    sought = request.query.get("q", "").strip()
    if len(sought) > _MOST_SOUGHT or not is_unicode(sought):
        raise BridgeError(f"`q` must be a text of at most {_MOST_SOUGHT} characters.", code="bad_request")
    return sought


def whole_number(request: web.Request, name: str, *, default: int, least: int, most: int) -> int:
    """A number of the query, `default` where there is none; raises BridgeError where it is no such number."""
    given = request.query.get(name)
    if given is None:
        return default
    number = int(given) if re.fullmatch("[0-9]{1,19}", given) else -1
    if not least <= number <= most:
        raise BridgeError(f"`{name}` must be a number from {least} to {most}.", code="bad_request")
    return number


def refuse(status: int, code: str, message: str) -> web.Response:
    """A refused request's answer."""
    return web.json_response(error_body(code, message), status=status)
